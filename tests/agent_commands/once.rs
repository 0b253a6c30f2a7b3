//! Attempts that break off, agents that die, hosts that are killed: no command is delivered twice.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use toril_tests::a2a::{Options, Sdk};
use toril_tests::wait::LONG;
use toril_tests::{A2aServer, RedisServer, Toril, node, wait_until};

use crate::Case;

/// What an earlier attempt leaves in the data of the job that is [the same](same) everywhere, if it is killed while it
/// is sending.
fn sending(message: &str) -> Value {
    let context = format!("toril:agent-commands:same:{ADDED}");
    json!({ "message": message, "delivery": { "number": 1, "step": "sending", "sentAt": 1, "contextId": context } })
}

/// When that job was added.
const ADDED: u64 = 1_700_000_000_000;

/// The options of a job that is the same wherever it is added: it has this id, and was added at that time.
fn same() -> Value {
    json!({ "jobId": "same", "timestamp": ADDED })
}

/// Adds a job with BullMQ's own client. Its result, if that is waited for.
async fn add(redis: &RedisServer, data: Value, opts: Value, wait: bool) -> Value {
    let jobs = json!([{ "name": "send", "data": data, "opts": opts }]);
    let added =
        node::run("add", json!({ "redis": redis.url(), "queue": "agent-commands", "jobs": jobs, "wait": wait }));
    let added = added.await["results"][0].clone();
    assert!(!wait || added["ok"] == true, "{added}");
    added["value"].clone()
}

/// Runs the job that is the same everywhere with this data, on a host and a Redis of its own, and the same agent.
async fn once_more(case: &Case, data: Value) -> Value {
    let redis = RedisServer::start().await;
    let plugin = format!("http = [{url:?}]\nconfig = {{ agent-url = {url:?} }}\n", url = case.agent.url());
    let _toril = crate::host(&redis, crate::QUEUE, &plugin).await;
    add(&redis, data, same(), true).await
}

#[tokio::test]
async fn an_agent_that_dies_in_the_middle_and_comes_back_is_asked_for_the_task_and_sent_nothing() {
    for streaming in [true, false] {
        let mut case = Case::of(Options { streaming, ..Options::default() }).await;
        let opts = json!({ "jobId": "long", "attempts": 1000, "backoff": 100 });
        add(&case.redis, json!({ "message": "forever" }), opts, false).await;
        let task = case.wait_for_task("long").await;

        case.agent.kill();
        wait_until("the agent to be missed", LONG, async || {
            case.job("long").await["logs"].to_string().contains("failed, retrying")
        })
        .await;
        case.agent.restart().await;

        let job = case.wait_for("long", "completed").await;
        assert_eq!(job["returnvalue"]["taskId"], json!(task), "streaming {streaming}: {job}");
        assert_eq!(job["returnvalue"]["text"], "finished after all", "streaming {streaming}: {job}");
        assert_eq!(job["attemptsMade"], 1, "streaming {streaming}: {job}");
        assert_eq!(case.agent.executed().len(), 1, "streaming {streaming}");
    }
}

#[tokio::test]
async fn the_task_of_a_message_that_may_have_arrived_is_found_and_followed() {
    for binding in ["JSONRPC", "HTTP+JSON"] {
        let case = Case::of(Options { binding, ..Options::default() }).await;
        let first = add(&case.redis, json!({ "message": "task 2 50" }), same(), true).await;
        let sent = case.agent.executed();

        let again = once_more(&case, sending("task 2 50")).await;

        assert_eq!((&again["taskId"], &again["text"]), (&first["taskId"], &json!("onetwo")), "{binding}: {again}");
        assert_eq!(case.agent.executed(), sent);
        assert!(case.agent.methods().contains(&"ListTasks".to_owned()));
    }
}

#[tokio::test]
async fn a_message_in_a_conversation_that_goes_on_is_looked_for_among_its_tasks() {
    let case = Case::of(Options::default()).await;
    let context = case.send("task 1 10").await["contextId"].clone();
    let first = add(&case.redis, json!({ "message": "task 2 50", "contextId": context }), same(), true).await;
    let mut data = sending("task 2 50");
    data["delivery"]["contextId"] = context.clone();
    data["contextId"] = context;

    let again = once_more(&case, data).await;

    assert_eq!(again["taskId"], first["taskId"]);
    assert_eq!(case.agent.executed().len(), 2);
}

#[tokio::test]
async fn a_message_that_has_not_arrived_is_sent_with_the_same_id() {
    let case = Case::of(Options::default()).await;

    let result = case.run("send", &sending("task 1 50")).await.succeeded().json();

    assert_eq!(result["state"], "completed");
    assert_eq!(case.agent.methods(), ["ListTasks", "SendStreamingMessage"]);
    let id = case.agent.executed()[0]["messageId"].as_str().unwrap_or_default().to_owned();
    let job = case.job("1").await;
    assert_eq!(id, format!("toril:agent-commands:1:{}", job["timestamp"]));
}

#[tokio::test]
async fn an_agent_that_begins_its_conversations_itself_is_left_to_do_so() {
    for streaming in [true, false] {
        let case = Case::of(Options { own_contexts: true, streaming, ..Options::default() }).await;

        let result = case.send("task 1 50").await;

        assert_eq!(result["state"], "completed", "streaming: {streaming}: {result}");
        let sent = case.agent.executed();
        assert_eq!((sent.len(), &sent[0]["contextId"]), (1, &result["contextId"]));
        assert!(!result["contextId"].to_string().contains("toril:"), "{result}");
    }
}

#[tokio::test]
async fn an_agent_that_lists_no_tasks_is_sent_the_message_again_with_the_same_id() {
    for binding in ["JSONRPC", "HTTP+JSON"] {
        let case = Case::of(Options { versions: &["0.3"], binding, ..Options::default() }).await;

        assert_eq!(case.run("send", &sending("task 1 50")).await.succeeded().json()["state"], "completed", "{binding}");

        let job = case.job("1").await;
        assert!(job["logs"].to_string().contains("sending it again with the same id"), "{job}");
        assert_eq!(case.agent.executed()[0]["messageId"], format!("toril:agent-commands:1:{}", job["timestamp"]));
    }
}

#[tokio::test]
async fn where_resend_is_false_a_message_that_may_have_arrived_is_not_sent_again() {
    for versions in [&["1.0"], &["0.3"]] {
        let agent = A2aServer::start(Options { versions, ..Options::default() }).await;
        let plugin =
            format!("http = [{url:?}]\nconfig = {{ agent-url = {url:?}, resend = false }}\n", url = agent.url());
        let case = Case::with(agent, crate::QUEUE, &plugin).await;

        let output = case.run("send", &sending("task 1 50")).await.exited(1);

        assert!(output.stderr.contains("`resend` is false"), "{versions:?}: {}", output.stderr);
        assert!(case.agent.executed().is_empty());
        case.run("send", &json!({ "message": "task 1 50" })).await.succeeded();
    }
}

#[tokio::test]
async fn an_answer_to_a_task_that_has_arrived_is_not_given_again() {
    for versions in [&["1.0"], &["0.3"]] {
        let case = Case::of(Options { versions, ..Options::default() }).await;
        let task = case.send("ask").await["taskId"].clone();
        add(&case.redis, json!({ "message": "blue", "taskId": task }), same(), true).await;
        let mut data = sending("blue");
        data["taskId"] = task;

        let again = once_more(&case, data).await;

        assert_eq!(again["state"], "completed");
        assert_eq!(case.agent.executed().len(), 2, "{versions:?}: one message and one answer");
    }
}

/// How many jobs, and how often their host is killed.
const JOBS: usize = 200;
const KILLS: usize = 12;

#[tokio::test]
async fn two_hundred_commands_are_each_delivered_once_though_the_host_is_killed_at_random_moments() {
    let seed = 0x70_72_69_6c;
    let mut random = fastrand::Rng::with_seed(seed);
    let agents = [
        ("streams", A2aServer::start(Options::default()).await),
        ("polled", A2aServer::start(Options { streaming: false, ..Options::default() }).await),
        ("node", A2aServer::start(Options { sdk: Sdk::Node, ..Options::default() }).await),
        ("rest", A2aServer::start(Options { binding: "HTTP+JSON", ..Options::default() }).await),
    ];
    let redis = RedisServer::start().await;
    let queue = "timeout = \"5m\"\nconcurrency = 8\nmax_stalled = 1000";
    let urls: Vec<_> = agents.iter().map(|(_, agent)| agent.url()).collect();
    let mut plugin = format!("http = {urls:?}\n[plugins.agent-commands.config]\n");
    for (name, agent) in &agents {
        plugin += &format!("\"agents.{name}.url\" = {:?}\n\"agents.{name}.lookup-seconds\" = 20\n", agent.url());
    }
    let mut toril = crate::host(&redis, queue, &plugin).await;
    let mut job = |number: usize| {
        let agent = agents[number % agents.len()].0;
        // The last number widens the time in which nobody but the agent knows of the task.
        let (steps, pause, wait) = (random.usize(1..4), random.usize(10..200), random.usize(0..200));
        let message = format!("task {steps} {pause} {wait}");
        json!({ "name": "send", "data": { "agent": agent, "message": message }, "opts": { "attempts": 50 } })
    };
    let jobs: Vec<_> = (0..JOBS).map(&mut job).collect();
    node::run("add", json!({ "redis": redis.url(), "queue": "agent-commands", "jobs": jobs })).await;

    for kill in 0..KILLS {
        let done = counts(&toril).await["completed"].as_u64().unwrap_or_default();
        // At some moment in the life of the attempts that run: what happens then is left to chance on purpose.
        tokio::time::sleep(Duration::from_millis(random.u64(50..900))).await;
        toril.kill();
        toril.start(["run"]);
        toril.wait_ready().await;
        let some = format!("jobs to be completed after kill {kill}");
        wait_until(&some, LONG, async || {
            let completed = counts(&toril).await["completed"].as_u64().unwrap_or_default();
            completed > done || completed == JOBS as u64
        })
        .await;
    }

    wait_until("all jobs to end", 3 * LONG, async || {
        let counts = counts(&toril).await;
        counts["completed"].as_u64().unwrap_or_default() + counts["failed"].as_u64().unwrap_or_default() == JOBS as u64
    })
    .await;
    assert_eq!(counts(&toril).await["completed"], JOBS, "seed {seed}: {}", toril.logs());
    let looked = agents.iter().flat_map(|(_, agent)| agent.methods()).filter(|method| method == "ListTasks").count();
    println!("a message was looked for {looked} times");
    each_was_executed_once(agents.iter().map(|(_, agent)| agent), JOBS, seed);
}

/// How many jobs there are for slow agents, and how long those take before they make a task, in milliseconds. That is
/// longer than the plugin looks for a message after an answer.
const SLOW_JOBS: usize = 24;
const SLOW: std::ops::Range<usize> = 12_000..16_000;

#[tokio::test]
async fn commands_for_agents_that_are_silent_for_long_are_each_delivered_once_though_the_host_is_killed() {
    let seed = 0x73_6c_6f_77;
    let mut random = fastrand::Rng::with_seed(seed);
    let agents = [
        ("streams", A2aServer::start(Options::default()).await),
        ("polled", A2aServer::start(Options { streaming: false, ..Options::default() }).await),
        ("begins", A2aServer::start(Options { own_contexts: true, ..Options::default() }).await),
    ];
    let redis = RedisServer::start().await;
    let queue = format!("timeout = \"5m\"\nconcurrency = {SLOW_JOBS}\nmax_stalled = 1000");
    let urls: Vec<_> = agents.iter().map(|(_, agent)| agent.url()).collect();
    let mut plugin = format!("http = {urls:?}\n[plugins.agent-commands.config]\n");
    for (name, agent) in &agents {
        plugin += &format!("\"agents.{name}.url\" = {:?}\n\"agents.{name}.lookup-seconds\" = 60\n", agent.url());
    }
    let mut toril = crate::host(&redis, &queue, &plugin).await;
    let mut job = |number: usize| {
        let message = format!("task 1 10 {}", random.usize(SLOW));
        let agent = agents[number % agents.len()].0;
        json!({ "name": "send", "data": { "agent": agent, "message": message }, "opts": { "attempts": 50 } })
    };
    let jobs: Vec<_> = (0..SLOW_JOBS).map(&mut job).collect();
    node::run("add", json!({ "redis": redis.url(), "queue": "agent-commands", "jobs": jobs })).await;
    let executed = || agents.iter().map(|(_, agent)| agent.executed().len()).sum::<usize>();

    for kill in 1..=3 {
        // While some messages were sent and none has become a task, and then while they are looked for.
        let some = format!("messages to be sent before kill {kill}");
        wait_until(&some, LONG, async || executed() >= SLOW_JOBS * kill / 4).await;
        tokio::time::sleep(Duration::from_millis(random.u64(0..1500))).await;
        toril.kill();
        toril.start(["run"]);
        toril.wait_ready().await;
    }

    wait_until("all jobs to be completed", 3 * LONG, async || counts(&toril).await["completed"] == SLOW_JOBS).await;
    each_was_executed_once(agents.iter().map(|(_, agent)| agent), SLOW_JOBS, seed);
}

/// Checks that the agents have executed so many messages, and none of them twice.
fn each_was_executed_once<'a>(agents: impl Iterator<Item = &'a A2aServer>, messages: usize, seed: u64) {
    let mut times = BTreeMap::new();
    for message in agents.flat_map(A2aServer::executed) {
        *times.entry(message["messageId"].to_string()).or_insert(0) += 1;
    }
    assert_eq!(times.len(), messages, "seed {seed}");
    let twice: Vec<_> = times.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "seed {seed}: delivered more than once: {twice:?}");
}

async fn counts(toril: &Toril) -> Value {
    toril.cli(["queues", "--json"]).await.succeeded().json()[0].clone()
}
