//! `agent-commands` against real A2A agents: built with PyPI's `a2a-sdk` and npm's `@a2a-js/sdk`.
//!
//! | module | what it shows |
//! | --- | --- |
//! | `talks` | a reply, a long task, a cancel: with both SDKs, in both versions of the protocol, over both bindings |
//! | `rest` | HTTP+JSON: its errors, its paths, and what servers leave out |
//! | `tasks` | a task that wants to know more, and the commands that are about a task |
//! | `settings` | which agent is meant, and that each gets its own secret |
//! | `access` | the security schemes of cards: OAuth2, HTTP Basic, API keys |
//! | `ends` | time that is up, a host that shuts down, an agent that has too much to do |
//! | `odd`, `cards` | answers that are unusual and allowed, played by a stub |
//! | `card_cache` | cached cards, and requests that only check whether they have changed |
//! | `silent` | agents that say nothing for a long time, or do not say what became of a message |
//! | `push` | jobs that are deferred until the agent sends a notification |
//! | `once` | attempts that break off, agents that die, hosts that are killed: nothing is sent twice |

mod access;
mod card_cache;
mod cards;
mod ends;
mod odd;
mod once;
mod push;
mod rest;
mod settings;
mod silent;
mod talks;
mod tasks;

use serde_json::{Value, json};
use toril_tests::stub_agent::{AgentRequest, Answer, StubAgent};
use toril_tests::toril::Output;
use toril_tests::{A2aServer, RedisServer, Toril, node};

/// A host with one agent, which is the default one.
struct Case<A = A2aServer> {
    agent: A,
    redis: RedisServer,
    toril: Toril,
}

/// What queues have here unless a test says otherwise.
const QUEUE: &str = "timeout = \"60s\"\nconcurrency = 4";

impl Case {
    async fn of(options: toril_tests::a2a::Options) -> Self {
        Self::with_queue(options, QUEUE).await
    }

    /// `queue` is further lines of the queue's entry.
    async fn with_queue(options: toril_tests::a2a::Options, queue: &str) -> Self {
        let agent = A2aServer::start(options).await;
        let plugin = format!("http = [{url:?}]\nconfig = {{ agent-url = {url:?} }}\n", url = agent.url());
        Self::with(agent, queue, &plugin).await
    }

    /// `plugin` is the plugin's entry.
    async fn with(agent: A2aServer, queue: &str, plugin: &str) -> Self {
        let redis = RedisServer::start().await;
        let toril = host(&redis, queue, plugin).await;
        Self { agent, redis, toril }
    }
}

impl Case<StubAgent> {
    /// With an agent that answers like this.
    async fn played(play: impl Fn(AgentRequest) -> Answer + Send + Sync + 'static) -> Self {
        Self::played_with(QUEUE, "", play).await
    }

    /// `queue` is further lines of the queue's entry, `config` further settings of the plugin, each with a comma before;
    /// `{url}` in there is where the agent is.
    async fn played_with(
        queue: &str,
        config: &str,
        play: impl Fn(AgentRequest) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let agent = StubAgent::start(play).await;
        let redis = RedisServer::start().await;
        let config = config.replace("{url}", agent.url());
        let plugin = format!("http = [{url:?}]\nconfig = {{ agent-url = {url:?}{config} }}\n", url = agent.url());
        let toril = host(&redis, queue, &plugin).await;
        Self { agent, redis, toril }
    }
}

impl<A> Case<A> {
    /// Adds a job, and waits for its end.
    async fn run(&self, name: &str, data: &Value) -> Output {
        self.toril.cli(["add", "agent-commands", name, "--data", &data.to_string(), "--wait"]).await
    }

    /// Sends a text, and waits for the result.
    async fn send(&self, text: &str) -> Value {
        self.run("send", &json!({ "message": text })).await.succeeded().json()
    }

    /// Adds a job under an id of its own.
    async fn add(&self, id: &str, data: &Value) {
        self.toril.cli(["add", "agent-commands", "send", "--id", id, "--data", &data.to_string()]).await.succeeded();
    }

    /// What BullMQ's own client sees of a job.
    async fn job(&self, id: &str) -> Value {
        job(&self.redis, id).await
    }

    /// Waits until a job has this state.
    async fn wait_for(&self, id: &str, state: &str) -> Value {
        let what = format!("job {id} to be {state}");
        toril_tests::wait_until(&what, toril_tests::wait::LONG, async || {
            Some(self.job(id).await).filter(|job| job["state"] == state)
        })
        .await
    }

    /// Waits until a job's task is known, and says its id.
    async fn wait_for_task(&self, id: &str) -> String {
        toril_tests::wait_until("the task to be known", toril_tests::wait::LONG, async || {
            self.job(id).await["data"]["delivery"]["taskId"].as_str().map(str::to_owned)
        })
        .await
    }
}

async fn job(redis: &RedisServer, id: &str) -> Value {
    node::run("job", json!({ "redis": redis.url(), "queue": "agent-commands", "id": id })).await
}

/// A host whose queue loses no time when it takes up what another one has left.
async fn host(redis: &RedisServer, queue: &str, plugin: &str) -> Toril {
    host_with(redis, queue, plugin, &[]).await
}

/// The same, with variables of the environment.
async fn host_with(redis: &RedisServer, queue: &str, plugin: &str, env: &[(&str, &str)]) -> Toril {
    let config = format!(
        "[queues.agent-commands]\nplugin = \"agent-commands\"\nattempts = 3\nbackoff = \"100ms\"\n\
         lock_duration = \"1s\"\nstalled_interval = \"500ms\"\n{queue}\n[plugins.agent-commands]\n{plugin}"
    );
    let toril = Toril::new().redis(redis.url()).plugin("agent-commands").config(config);
    let toril = env.iter().fold(toril, |toril, (name, value)| toril.env(*name, *value));
    let mut toril = toril.spawn_run();
    toril.wait_ready().await;
    toril
}
