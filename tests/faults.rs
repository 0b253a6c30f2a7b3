//! Faults at seeded moments, and the outcome of every job: a short round of each fault. `cargo xtask soak` runs long
//! ones.

use toril_tests::faults::{Fault, Plan, run};

const SEED: u64 = 6;
const JOBS: usize = 120;
const STRIKES: usize = 4;

/// Checks that no job is lost, stuck, ends differently than planned, or ends more than once. No job runs twice unless
/// the fault excuses it.
async fn no_job_is_lost_for(fault: Fault) {
    let outcome = run(&Plan::of(fault, SEED, JOBS, STRIKES)).await;

    assert_eq!(outcome.complaints(), Vec::<String>::new(), "{outcome:?}");
    assert!(outcome.strikes > 0 && outcome.caught > 0, "the jobs had ended before the fault: {outcome:?}");
}

macro_rules! faults {
    ($($name:ident = $fault:ident;)*) => {
        #[test]
        fn every_fault_has_a_test() {
            let tested = [$(Fault::$fault),*];
            assert_eq!(&tested[..], &Fault::ALL[..]);
        }

        $(#[tokio::test]
        async fn $name() {
            no_job_is_lost_for(Fault::$fault).await;
        })*
    };
}

faults! {
    every_job_ends_once_though_hosts_are_killed = HostKilled;
    every_job_runs_once_though_hosts_are_ended = HostEnded;
    every_job_ends_once_though_hosts_are_ended_before_their_jobs = HostEndedShort;
    every_job_ends_once_though_hosts_stand_still_for_longer_than_their_locks = HostPaused;
    every_job_runs_once_though_redis_is_killed = RedisKilled;
    every_job_runs_once_though_redis_is_restarted = RedisRestarted;
    every_job_that_redis_still_has_ends_once_though_it_is_back_at_an_older_snapshot = RedisRolledBack;
    every_job_ends_once_that_is_added_after_redis_has_lost_everything = RedisEmptied;
    every_job_that_the_replica_has_ends_once_though_it_is_promoted = ReplicaPromoted;
    every_job_that_the_replica_has_ends_once_though_a_cluster_loses_a_master = ClusterMasterLost;
    every_job_runs_once_though_redis_stands_still = RedisPaused;
    every_job_runs_once_though_redis_is_out_of_memory = RedisFull;
    every_job_runs_once_though_clients_are_killed = ClientsKilled;
    every_job_runs_once_though_scripts_are_flushed = ScriptsFlushed;
    every_job_runs_once_though_connections_are_cut = ConnectionsCut;
    every_job_runs_once_though_connections_are_slow = ConnectionsDelayed;
    every_job_runs_once_though_connections_are_half_open = ConnectionsFrozen;
    every_job_runs_once_though_connections_become_silent = ConnectionsSilent;
    every_job_runs_once_though_answers_are_lost = AnswersLost;
    every_job_runs_once_though_the_clock_of_a_host_jumps = ClockJumped;
    every_job_runs_once_though_its_plugin_is_replaced = PluginReplaced;
    every_job_runs_once_though_its_plugin_is_broken = PluginBroken;
    every_job_runs_once_though_the_configuration_is_rewritten = ConfigRewritten;
    every_job_runs_once_though_clients_of_bullmq_5_and_6_pause_and_resume_the_queue = QueuePaused;
}
