//! One cell of the matrix: a server, a client and a host, and cases that share them.

use std::any::Any;
use std::fmt::Write;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};
use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{Client, RedisServer, Session, Toril, redis_server, wait_until};

/// Which server.
#[derive(Clone, Copy, Debug)]
pub enum Server {
    Valkey9,
    Redis7_0,
}

impl Server {
    pub async fn start(self) -> RedisServer {
        let program = match self {
            Self::Valkey9 => redis_server::valkey_9(),
            Self::Redis7_0 => redis_server::redis_7_0(),
        };
        RedisServer::start_program(program.unwrap_or_else(|error| panic!("{error:#}"))).await
    }
}

/// What a client and Toril must agree on, shown with one queue that is named like the case.
#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    /// What works on the queue.
    pub plugin: &'static str,
    /// Further lines of the queue's entry in `queues.toml`.
    pub settings: &'static str,
    /// Clients that have what the case needs.
    pub clients: &'static [Client],
    pub run: fn(Queue) -> LocalBoxFuture<'static, ()>,
}

pub const ALL: &[Client] = &[Client::BullMq5, Client::BullMq6, Client::Python];
pub const NODE: &[Client] = &[Client::BullMq5, Client::BullMq6];

/// Makes a list of cases from functions that take a [`Queue`]: `name`, then if needed `with double`, a plugin other than
/// `basics`, `["concurrency = 2"]`, settings of the queue, and `for NODE`, the clients that can do it.
macro_rules! cases {
    ($($name:ident $(with $plugin:ident)? $([$settings:literal])? $(for $clients:expr)?),* $(,)?) => {
        pub fn cases() -> Vec<$crate::cell::Case> {
            vec![$($crate::cell::Case {
                name: stringify!($name),
                plugin: [$(stringify!($plugin),)? "basics"][0],
                settings: concat!("", $($settings)?),
                clients: $crate::cell::clients(&[$($clients)?]),
                run: |queue| Box::pin($name(queue)),
            }),*]
        }
    };
}
pub(crate) use cases;

/// The clients that a case names; all, if it names none.
pub fn clients(named: &[&'static [Client]]) -> &'static [Client] {
    named.first().copied().unwrap_or(ALL)
}

/// A queue of a case, as its client sees it.
#[derive(Clone)]
pub struct Queue {
    pub name: &'static str,
    session: Arc<Session>,
}

/// Runs the cases that the client can do, all at the same time, and panics with what failed.
pub async fn run(client: Client, server: Server, cases: Vec<Case>) {
    let redis = server.start().await;
    let cases: Vec<Case> = cases.into_iter().filter(|case| case.clients.contains(&client)).collect();
    let mut config = String::new();
    for Case { name, plugin, settings, .. } in &cases {
        let _ = writeln!(config, "[queues.{name}]\nplugin = \"{plugin}\"\n{settings}");
    }
    let toril = Toril::new().redis(redis.url()).plugin("basics").plugin("double").config(config);
    let mut toril = toril.spawn_run();
    let session = Arc::new(Session::start(client, &redis).await);
    toril.wait_ready().await;

    let running = cases.into_iter().map(async |case| {
        let queue = Queue { name: case.name, session: session.clone() };
        (case.name, AssertUnwindSafe((case.run)(queue)).catch_unwind().await)
    });
    let mut failed = String::new();
    for (name, outcome) in join_all(running).await {
        if let Err(panic) = outcome {
            let _ = writeln!(failed, "- {name}: {}", message(panic.as_ref()));
        }
    }
    assert!(failed.is_empty(), "these cases fail with {client:?} on {server:?}:\n{failed}");
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

impl Queue {
    /// Has the client do something with this queue.
    pub async fn call(&self, call: &str, arguments: Value) -> Value {
        self.session.call(self.name, call, arguments).await
    }

    /// The same with another queue.
    pub async fn call_on(&self, queue: &str, call: &str, arguments: Value) -> Value {
        self.session.call(queue, call, arguments).await
    }

    /// Adds one job, and returns its id.
    pub async fn add(&self, name: &str, data: Value, opts: Value) -> String {
        self.add_all(json!([{ "name": name, "data": data, "opts": opts }])).await.remove(0)
    }

    /// Adds jobs, one after the other.
    pub async fn add_all(&self, jobs: Value) -> Vec<String> {
        texts(&self.call("add", json!({ "jobs": jobs })).await)
    }

    /// Waits for the end of a job: `{ok: true, value}` or `{ok: false, error}`, as the client's events tell it.
    pub async fn ended(&self, id: &str) -> Value {
        self.call("ended", json!({ "id": id })).await
    }

    /// Waits for all of these.
    pub async fn all_ended(&self, ids: &[String]) {
        for id in ids {
            self.ended(id).await;
        }
    }

    /// Waits until a job has completed, and returns what it returned.
    pub async fn completed(&self, id: &str) -> Value {
        let mut ended = self.ended(id).await;
        assert_eq!(ended["ok"], true, "job {id}: {ended}");
        ended["value"].take()
    }

    /// Waits until a job has failed, and returns why.
    pub async fn failed(&self, id: &str) -> String {
        let ended = self.ended(id).await;
        assert_eq!(ended["ok"], false, "job {id}: {ended}");
        ended["error"].as_str().unwrap_or_default().to_owned()
    }

    /// What the client sees of a job. Null if there is none.
    pub async fn job(&self, id: &str) -> Value {
        self.call("job", json!({ "id": id })).await
    }

    /// Waits until the client sees a job in this state.
    pub async fn wait_for_state(&self, id: &str, state: &str) -> Value {
        let what = format!("job {id} of {} to be {state}", self.name);
        wait_until(&what, LONG, async || Some(self.job(id).await).filter(|job| job["state"] == state)).await
    }

    /// Waits until so many jobs are in this state, and returns their ids.
    pub async fn wait_for_ids(&self, state: &str, count: usize) -> Vec<String> {
        let what = format!("{count} jobs of {} to be {state}", self.name);
        let ids = async || texts(&self.call("ids", json!({ "states": [state] })).await);
        wait_until(&what, LONG, async || Some(ids().await).filter(|ids| ids.len() >= count)).await
    }

    /// The ids of all jobs that became active, in order.
    pub async fn starts(&self) -> Vec<String> {
        texts(&self.call("order", json!({ "event": "active" })).await)
    }

    /// When each of these jobs last began and ended, in milliseconds since the Unix epoch, the first to begin first.
    pub async fn runs(&self, ids: &[String]) -> Vec<(u64, u64)> {
        let mut runs = Vec::new();
        for id in ids {
            let job = self.job(id).await;
            let at = |field: &str| job[field].as_u64().unwrap_or_else(|| panic!("job {id} has no {field}: {job}"));
            runs.push((at("processedOn"), at("finishedOn")));
        }
        runs.sort_unstable();
        runs
    }

    /// Has nothing of this queue run until [`Queue::resume`].
    pub async fn pause(&self) {
        self.call("pause", json!({})).await;
    }

    pub async fn resume(&self) {
        self.call("resume", json!({})).await;
    }
}

/// A list of texts, such as ids.
pub fn texts(value: &Value) -> Vec<String> {
    let texts = value.as_array().unwrap_or_else(|| panic!("{value} is no list"));
    texts.iter().map(|text| text.as_str().unwrap_or_else(|| panic!("{value} holds no texts")).to_owned()).collect()
}
