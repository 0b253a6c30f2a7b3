//! The exactly-once helper, under hosts that are killed. `TORIL_ONCE_JOBS=5000` runs the full number of jobs.

use std::env;
use std::time::Duration;

use serde_json::{Value, json};
use toril_tests::wait::{LONG, wait_until};
use toril_tests::{PostgresServer, RedisServer, Toril};

use crate::{Case, config};

/// The moments are the same on every run, as far as the machine's speed lets them be. `TORIL_SEED` is another one.
const SEED: u64 = 17;
const JOBS: usize = 150;
const STEPS: [&str; 3] = ["reserve", "charge", "ship"];
/// Hosts that run at the same time.
const HOSTS: usize = 2;
/// Jobs whose host was killed are noticed soon.
const QUEUE: &str = "concurrency = 10\nattempts = 1000\nbackoff = \"10ms\"\nlock_duration = \"1s\"\nstalled_interval = \"300ms\"\n\
     max_stalled = 100000\n";
const TABLE: &str = "CREATE TABLE effects (id bigserial PRIMARY KEY, queue text, job text, step text); \
                     GRANT ALL ON effects TO app; GRANT ALL ON effects_id_seq TO app";
/// Each step takes time between its effect and its commit, so that kills find steps there.
const SLOW: &str = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
                    'BEGIN PERFORM pg_sleep(0.02); RETURN NULL; END'; \
                    CREATE TRIGGER slow AFTER INSERT ON effects FOR EACH ROW EXECUTE FUNCTION slow()";

fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn spawn(redis: &RedisServer, server: &PostgresServer) -> Toril {
    let toril = Toril::new().redis(redis.url()).plugin("postgres").env("DATABASE_URL", server.url());
    toril.config(config(QUEUE, "connections = 5\n")).spawn_run()
}

#[tokio::test]
async fn every_step_is_committed_exactly_once_though_hosts_are_killed() {
    let (redis, server) = (RedisServer::start().await, PostgresServer::start().await);
    let jobs = usize::try_from(number("TORIL_ONCE_JOBS", JOBS as u64)).expect("a number of jobs");
    let seed = number("TORIL_SEED", SEED);
    println!("TORIL_SEED={seed} TORIL_ONCE_JOBS={jobs}");
    server.sql(TABLE).await;
    server.sql(SLOW).await;
    let mut hosts: Vec<Toril> = (0..HOSTS).map(|_| spawn(&redis, &server)).collect();
    for host in &mut hosts {
        host.wait_ready().await;
    }
    hosts[0].cli(["add", "work", "ensure-steps-table", "--data", "{}", "--wait"]).await.succeeded();
    let data = json!({ "steps": STEPS, "table": "effects", "sleep_ms": 5 });
    let lines = format!("{}\n", json!({ "name": "steps", "data": data })).repeat(jobs);
    hosts[0].cli_with_input(["add", "work", "--bulk", "-"], lines).await.succeeded();

    let mut random = fastrand::Rng::with_seed(seed);
    let (mut kills, mut in_flight) = (0, 0);
    // The job that made the table has completed, too.
    while count(&redis, "completed").await < jobs {
        tokio::time::sleep(Duration::from_millis(random.u64(50..600))).await;
        in_flight += usize::from(active(&redis).await > 0);
        let host = &mut hosts[kills % HOSTS];
        host.kill();
        host.start(["run"]);
        host.wait_ready().await;
        kills += 1;
    }
    wait_until("all jobs to complete", LONG, async || count(&redis, "completed").await == jobs + 1).await;

    assert_eq!(count(&redis, "failed").await, 0);
    assert!(in_flight >= 3, "jobs ran at only {in_flight} of {kills} kills");
    let steps = i64::try_from(jobs * STEPS.len()).expect("a number of steps");
    let counts = "SELECT count(*) FROM effects UNION ALL SELECT count(*) FROM (SELECT DISTINCT job, step FROM effects) \
                  AS steps UNION ALL SELECT count(*) FROM toril_steps";
    let counts: Vec<_> = server.sql(counts).await.into_iter().flatten().flatten().collect();
    assert_eq!(counts, [steps, steps, steps].map(|count| count.to_string()), "after {kills} kills");
    check_results(&redis, &server).await;
    // A sequence counts also what was rolled back.
    let begun = server.number("SELECT last_value FROM effects_id_seq").await;
    println!("{kills} kills, {in_flight} of them while jobs ran; {} steps were rolled back", begun - steps);
}

/// The result of each job has the ids of its rows, in the order of its steps.
async fn check_results(redis: &RedisServer, server: &PostgresServer) {
    let rows = server.sql("SELECT job, json_agg(id ORDER BY id) FROM effects GROUP BY job").await;
    let mut connection = redis.connection().await;
    for row in rows {
        let (job, ids) = (row[0].clone().expect("an id"), row[1].clone().expect("ids"));
        let result: String = redis::cmd("HGET")
            .arg(format!("bull:work:{job}"))
            .arg("returnvalue")
            .query_async(&mut connection)
            .await
            .expect("a result");
        let result: Value = serde_json::from_str(&result).expect("JSON");
        assert_eq!(result["results"], serde_json::from_str::<Value>(&ids).expect("JSON"), "job {job}");
    }
}

async fn count(redis: &RedisServer, set: &str) -> usize {
    redis::cmd("ZCARD").arg(format!("bull:work:{set}")).query_async(&mut redis.connection().await).await.expect("it")
}

async fn active(redis: &RedisServer) -> usize {
    redis::cmd("LLEN").arg("bull:work:active").query_async(&mut redis.connection().await).await.expect("a length")
}

#[tokio::test]
async fn a_retried_attempt_skips_committed_steps_and_has_their_results() {
    let case = Case::with(PostgresServer::start().await, "attempts = 2\nbackoff = \"10ms\"", "").await;
    case.server.sql(TABLE).await;
    case.run("ensure-steps-table", json!({})).await;
    // A second request changes nothing.
    case.run("ensure-steps-table", json!({})).await;

    let data = json!({ "steps": STEPS, "table": "effects", "fail_after": 1 });
    let job = case.run("steps", data.clone()).await;

    let kept = "SELECT json_agg(id ORDER BY id) FROM effects";
    let ids: Value = serde_json::from_str(&case.server.value(kept).await).expect("JSON");
    assert_eq!(job["results"], ids, "{job}");
    assert_eq!(ids.as_array().map(Vec::len), Some(3));
    // Another job with the same steps is not the same job.
    case.run("steps", data).await;
    assert_eq!(case.server.number("SELECT count(*) FROM effects").await, 6);
}

#[tokio::test]
async fn a_step_that_ends_its_transaction_fails_and_has_no_result_in_later_attempts() {
    let case = Case::with(PostgresServer::start().await, "attempts = 2\nbackoff = \"10ms\"", "").await;
    case.server.sql(TABLE).await;
    case.run("ensure-steps-table", json!({})).await;
    let data = |last: &str| json!({ "steps": ["charge"], "table": "effects", "last": last });

    // The first attempt has committed the step without its result.
    let committed = case.failure("steps", data("commit")).await;
    assert!(committed.contains("the step `charge` has no result in toril_steps"), "{committed}");
    assert_eq!(case.server.number("SELECT count(*) FROM effects").await, 1);

    for last in ["rollback", "commit and chain"] {
        let case = Case::with(PostgresServer::start().await, "attempts = 1", "").await;
        case.server.sql(TABLE).await;
        case.run("ensure-steps-table", json!({})).await;
        let ended = case.failure("steps", data(last)).await;
        assert!(ended.contains("the function of the step `charge` has ended the transaction"), "{ended}");
    }
}

#[tokio::test]
async fn a_job_whose_id_is_used_again_runs_its_steps_again() {
    let case = Case::open("").await;
    case.server.sql(TABLE).await;
    case.run("ensure-steps-table", json!({})).await;
    let data = json!({ "steps": ["charge"], "table": "effects" }).to_string();
    for runs in 1..=2 {
        case.toril.cli(["add", "work", "steps", "--id", "same", "--data", &data, "--wait"]).await.succeeded();
        assert_eq!(case.server.number("SELECT count(*) FROM effects").await, runs);
        case.toril.cli(["remove", "work", "same"]).await.succeeded();
    }
}
