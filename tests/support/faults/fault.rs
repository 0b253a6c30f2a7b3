//! The faults: the fleet that each needs, its action, and whether a job may run twice because of it.

use std::fs;
use std::time::{Duration, Instant};

use fastrand::Rng;
use redis::cmd;
use serde_json::json;

use super::fleet::{Fleet, Setup, ask, input};
use super::servers::Kind;
use crate::toril::{component, variant};
use crate::wait::LONG;
use crate::{Toril, node, wait_until};

/// The lock duration of hosts in rounds where jobs are found by their expired locks.
const SHORT_LOCK: Duration = Duration::from_secs(1);
/// In milliseconds.
const HOUR: i64 = 3_600_000;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// `kill -9` of a host, which is started again.
    HostKilled,
    /// SIGTERM to a host, with enough time for its jobs to finish.
    HostEnded,
    /// SIGTERM to a host whose `shutdown_timeout` ends before its jobs do.
    HostEndedShort,
    /// SIGSTOP to a host for longer than its locks last, then SIGCONT.
    HostPaused,
    /// `kill -9` of Redis, which has an append-only file.
    RedisKilled,
    /// Orderly restart of Redis, which has an append-only file.
    RedisRestarted,
    /// `kill -9` of Redis, which has only an older snapshot.
    RedisRolledBack,
    /// `kill -9` of Redis, which has nothing on disk.
    RedisEmptied,
    /// `kill -9` of a master, whose replica the sentinels promote.
    ReplicaPromoted,
    /// `kill -9` of the cluster's master that has the queue. Its replica is promoted.
    ClusterMasterLost,
    /// SIGSTOP of Redis.
    RedisPaused,
    /// Redis rejects all writes that need memory.
    RedisFull,
    /// `CLIENT KILL` of every connection.
    ClientsKilled,
    /// `SCRIPT FLUSH`.
    ScriptsFlushed,
    /// Every connection of a host is closed.
    ConnectionsCut,
    /// All traffic between a host and Redis is delayed.
    ConnectionsDelayed,
    /// The connections of a host stay open without traffic, and are closed later.
    ConnectionsFrozen,
    /// The same, but they are never closed.
    ConnectionsSilent,
    /// Redis runs a host's request, and the answer is lost with its connection.
    AnswersLost,
    /// The clock of a host jumps forward or back by hours.
    ClockJumped,
    /// The plugin is replaced by another version.
    PluginReplaced,
    /// The plugin is replaced by an invalid file, then by a valid one.
    PluginBroken,
    /// `queues.toml` is replaced by a valid file and by an invalid one.
    ConfigRewritten,
    /// A client of BullMQ 5 or 6 pauses the queue, and one of either version resumes it.
    QueuePaused,
}

use Fault::*;

impl Fault {
    /// All of them.
    pub const ALL: [Self; 24] = [
        HostKilled,
        HostEnded,
        HostEndedShort,
        HostPaused,
        RedisKilled,
        RedisRestarted,
        RedisRolledBack,
        RedisEmptied,
        ReplicaPromoted,
        ClusterMasterLost,
        RedisPaused,
        RedisFull,
        ClientsKilled,
        ScriptsFlushed,
        ConnectionsCut,
        ConnectionsDelayed,
        ConnectionsFrozen,
        ConnectionsSilent,
        AnswersLost,
        ClockJumped,
        PluginReplaced,
        PluginBroken,
        ConfigRewritten,
        QueuePaused,
    ];

    /// Faults that can follow each other on one fleet with short locks, the usual `shutdown_timeout`, and a Redis that
    /// keeps its data.
    pub fn mixed() -> Vec<Self> {
        Self::ALL.into_iter().filter(|fault| !fault.loses_data() && *fault != HostEndedShort).collect()
    }

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            HostKilled => "`kill -9` of a host",
            HostEnded => "SIGTERM to a host",
            HostEndedShort => "SIGTERM to a host, `shutdown_timeout` shorter than the jobs",
            HostPaused => "SIGSTOP of a host for longer than its locks",
            RedisKilled => "`kill -9` of Redis, with an append-only file",
            RedisRestarted => "restart of Redis, with an append-only file",
            RedisRolledBack => "`kill -9` of Redis, back to an older snapshot",
            RedisEmptied => "`kill -9` of Redis, nothing on disk",
            ReplicaPromoted => "`kill -9` of a master, a replica promoted by sentinels",
            ClusterMasterLost => "`kill -9` of a cluster's master, its replica promoted",
            RedisPaused => "SIGSTOP of Redis",
            RedisFull => "Redis out of memory",
            ClientsKilled => "`CLIENT KILL` of every connection",
            ScriptsFlushed => "`SCRIPT FLUSH`",
            ConnectionsCut => "connections cut",
            ConnectionsDelayed => "connections delayed",
            ConnectionsFrozen => "connections half-open, then closed",
            ConnectionsSilent => "connections half-open for good",
            AnswersLost => "answers lost after Redis ran the request",
            ClockJumped => "clock of a host jumps by hours",
            PluginReplaced => "plugin replaced",
            PluginBroken => "plugin broken, then repaired",
            ConfigRewritten => "`queues.toml` rewritten and broken",
            QueuePaused => "queue paused and resumed by clients of BullMQ 5 and 6",
        }
    }

    /// Why a job may run twice because of it. `None` if it must not.
    pub fn excuse(self) -> Option<&'static str> {
        match self {
            HostKilled => Some("a run ends with its host"),
            HostEndedShort => Some("the host interrupts and requeues running jobs at the end of `shutdown_timeout`"),
            HostPaused => Some("the host's locks expired, so others took its jobs"),
            RedisRolledBack | RedisEmptied => Some("Redis lost the record of finished jobs"),
            ReplicaPromoted | ClusterMasterLost => Some("the replica did not have the latest finished jobs yet"),
            HostEnded | RedisKilled | RedisRestarted | RedisPaused | RedisFull | ClientsKilled | ScriptsFlushed
            | ConnectionsCut | ConnectionsDelayed | ConnectionsFrozen | ConnectionsSilent | AnswersLost
            | ClockJumped | PluginReplaced | PluginBroken | ConfigRewritten | QueuePaused => None,
        }
    }

    /// The fleet for this fault.
    pub fn setup(self) -> Setup {
        let usual = Setup::default();
        match self {
            HostKilled | HostPaused => Setup { lock: SHORT_LOCK, nodes: 1, ..usual },
            ReplicaPromoted => Setup { lock: SHORT_LOCK, servers: Kind::Sentinels, ..usual },
            ClusterMasterLost => Setup { lock: SHORT_LOCK, servers: Kind::Cluster, ..usual },
            // Jobs that were not requeued in time are found by their expired locks.
            HostEndedShort => Setup { shutdown: Duration::from_millis(50), lock: SHORT_LOCK, ..usual },
            RedisRolledBack | RedisEmptied => Setup { lock: SHORT_LOCK, servers: Kind::InMemory, ..usual },
            HostEnded | RedisKilled | ScriptsFlushed => Setup { nodes: 1, ..usual },
            _ => usual,
        }
    }

    /// Whether Redis can lose jobs because of it.
    pub fn loses_data(self) -> bool {
        matches!(self, RedisRolledBack | RedisEmptied | ReplicaPromoted | ClusterMasterLost)
    }

    /// The maximum number of strikes in a round.
    pub fn most(self) -> usize {
        match self {
            // Each takes as long as all other faults together.
            ReplicaPromoted | ClusterMasterLost | ConnectionsSilent => 1,
            // A round never ends if Redis loses everything again and again.
            RedisRolledBack | RedisEmptied => 4,
            _ => usize::MAX,
        }
    }

    /// Causes the fault. Returns when it is over.
    pub async fn strike(self, fleet: &mut Fleet, random: &mut Rng) -> Instant {
        let host = random.usize(..fleet.hosts.len());
        let a_while = Duration::from_millis(random.u64(200..900));
        match self {
            HostKilled => {
                fleet.hosts[host].kill();
                let over = Instant::now();
                fleet.start_again(host);
                over
            }
            HostEnded => {
                let code = fleet.hosts[host].end().await;
                assert_eq!(code, Some(0), "the host did not exit with code 0");
                fleet.start_again(host);
                Instant::now()
            }
            HostEndedShort => {
                let code = fleet.hosts[host].end().await;
                assert!(matches!(code, Some(0 | 3)), "the host ended with {code:?}");
                fleet.start_again(host);
                Instant::now()
            }
            HostPaused => {
                fleet.hosts[host].pause();
                tokio::time::sleep(fleet.setup.lock.mul_f64(2.0) + a_while).await;
                fleet.hosts[host].resume();
                Instant::now()
            }
            RedisKilled | RedisEmptied => {
                fleet.servers.one_mut().kill();
                tokio::time::sleep(a_while).await;
                fleet.servers.one_mut().restart().await;
                Instant::now()
            }
            RedisRestarted => {
                fleet.servers.one_mut().stop().await;
                tokio::time::sleep(a_while).await;
                fleet.servers.one_mut().restart().await;
                Instant::now()
            }
            RedisRolledBack => {
                ask::<()>(&mut fleet.connection().await, &cmd("SAVE")).await;
                // Redis will lose the jobs that have finished since the snapshot.
                tokio::time::sleep(a_while).await;
                fleet.servers.one_mut().kill();
                fleet.servers.one_mut().restart().await;
                Instant::now()
            }
            ReplicaPromoted | ClusterMasterLost => {
                fleet.servers.fail_over().await;
                Instant::now()
            }
            RedisPaused => {
                fleet.servers.one_mut().pause();
                tokio::time::sleep(a_while).await;
                fleet.servers.one_mut().resume();
                Instant::now()
            }
            RedisFull => {
                let mut connection = fleet.connection().await;
                ask::<()>(&mut connection, cmd("CONFIG").arg(&["SET", "maxmemory", "1"])).await;
                tokio::time::sleep(a_while).await;
                ask::<()>(&mut connection, cmd("CONFIG").arg(&["SET", "maxmemory", "0"])).await;
                Instant::now()
            }
            ClientsKilled => {
                let mut connection = fleet.connection().await;
                let kill = ["KILL", "TYPE", "normal", "SKIPME", "yes"];
                ask::<u32>(&mut connection, cmd("CLIENT").arg(&kill)).await;
                Instant::now()
            }
            ScriptsFlushed => {
                ask::<()>(&mut fleet.connection().await, cmd("SCRIPT").arg("FLUSH")).await;
                Instant::now()
            }
            ConnectionsCut => {
                fleet.networks[host].cut();
                Instant::now()
            }
            ConnectionsDelayed => {
                fleet.networks[host].delay(Duration::from_millis(random.u64(20..200)));
                tokio::time::sleep(a_while).await;
                fleet.networks[host].delay(Duration::ZERO);
                Instant::now()
            }
            ConnectionsFrozen => {
                fleet.networks[host].freeze();
                tokio::time::sleep(a_while).await;
                fleet.networks[host].cut();
                Instant::now()
            }
            ConnectionsSilent => {
                fleet.networks[host].freeze();
                Instant::now()
            }
            AnswersLost => {
                let network = &fleet.networks[host];
                let before = network.lost();
                // Every script of the queue names this key.
                network.lose_answer_to("work:active");
                wait_until("an answer to be lost", LONG, async || network.lost() > before).await;
                Instant::now()
            }
            ClockJumped => {
                // Regardless of the previous jump.
                fleet.clocks[host].set_ahead(random.i64(-12 * HOUR..12 * HOUR));
                Instant::now()
            }
            PluginReplaced => {
                let host = &mut fleet.hosts[host];
                let bytes = another_version(host, random);
                until_logged(host, "plugin reloaded", |host| host.replace_plugin("basics", &bytes)).await;
                Instant::now()
            }
            PluginBroken => {
                let host = &mut fleet.hosts[host];
                let broken = format!("not a component {:x}", random.u32(..));
                let refused = "plugin not reloaded";
                until_logged(host, refused, |host| host.replace_plugin("basics", broken.as_bytes())).await;
                host.replace_plugin("basics", &component("basics"));
                Instant::now()
            }
            ConfigRewritten => {
                let text = fleet.config(host, random.usize(1..8));
                let host = &mut fleet.hosts[host];
                let refused = "configuration not reloaded";
                until_logged(host, refused, |host| host.rewrite_config("[queues.work]\nplugin = 7\n")).await;
                host.rewrite_config(text);
                Instant::now()
            }
            QueuePaused => {
                let by = [(); 2].map(|()| random.u32(5..=6));
                let steps = json!([
                    { "by": by[0], "do": "pause" },
                    { "do": "sleep", "ms": random.u32(0..900) },
                    { "by": by[1], "do": "resume" },
                ]);
                node::run("clients", input(&fleet.servers, json!({ "steps": steps }))).await;
                Instant::now()
            }
        }
    }
}

/// Does something to a host, and waits until it has logged these words because of that.
async fn until_logged(host: &mut Toril, words: &str, change: impl FnOnce(&mut Toril)) {
    let logged = |host: &Toril| host.logs().matches(words).count();
    let before = logged(host);
    change(host);
    wait_until(&format!("the host to log {words:?}"), LONG, async || logged(host) > before).await;
}

/// One of a few versions of the plugin, but not the current one. There are few, so that few must be compiled.
fn another_version(host: &Toril, random: &mut Rng) -> Vec<u8> {
    let present = fs::read(host.plugin_path("basics")).unwrap_or_default();
    let number = random.u8(..8);
    let version = |number: u8| variant(&component("basics"), &number.to_string());
    let bytes = version(number);
    if bytes == present { version(number + 1) } else { bytes }
}
