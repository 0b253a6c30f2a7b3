//! Inserts trees of jobs in one transaction, with BullMQ's own scripts and the same options as Node's client. The flow
//! producer of the BullMQ crate omits some options, so they are packed here.

use std::collections::HashSet;
use std::sync::LazyLock;

use bullmq::{Error, QueueKeys};
use redis::{Cmd, FromRedisValue, Pipeline, Script};
use serde_json::{Map, Value, json};

use super::clock;
use super::insert::trace;
use super::job_spec::JobSpec;
use super::scripts::{pack, rerouted};
use super::stored_options::{on_failure, stored};
use crate::access::{ConnectError, Redis};
use toril_job::{JobId, QueueName};

/// BullMQ's answer if a parent does not exist.
const NO_PARENT: i64 = -5;
/// BullMQ's answer if a job exists and has another parent.
const OTHER_PARENT: i64 = -7;

/// A job of a tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// The job. Only the root may have a parent in its options.
    pub spec: JobSpec,
    /// Its id. Empty: BullMQ counts one, which only a job without a parent and without children can have.
    pub id: JobId,
    /// The jobs that it waits for.
    pub children: Vec<Node>,
}

/// Why a tree was not inserted completely.
#[derive(Debug, thiserror::Error)]
pub enum InsertError {
    /// The root's own parent does not exist. Nothing was inserted.
    #[error("the parent job of the flow does not exist, so nothing was added")]
    NoParent,
    /// The parent of one of several trees does not exist.
    #[error(
        "the parent of job {name:?} of queue {queue} does not exist, so the job was not added; others may have been"
    )]
    NoParentOf {
        /// Its queue.
        queue: QueueName,
        /// Its name.
        name: String,
    },
    /// The job existed before, as a child of another parent.
    #[error(
        "job {id} of queue {queue} exists and has another parent, so it is not part of the new flow; the other jobs were added"
    )]
    OtherParent {
        /// Its queue.
        queue: QueueName,
        /// Its id.
        id: JobId,
    },
    /// A script refused a job.
    #[error("job {id} of queue {queue} was not added: BullMQ's script answered {code}")]
    Refused {
        /// Its queue.
        queue: QueueName,
        /// Its id.
        id: JobId,
        /// The script's answer.
        code: i64,
    },
    /// Redis failed.
    #[error(transparent)]
    Redis(#[from] ConnectError),
}

/// A script of BullMQ's that runs in a transaction.
struct Official {
    text: String,
    sha: String,
}

macro_rules! official {
    ($($name:ident = $file:literal;)*) => {
        $(static $name: LazyLock<Official> = LazyLock::new(|| {
            let text = rerouted(include_str!(concat!(env!("BULLMQ_COMMANDS"), "/", $file, ".lua")));
            let sha = Script::new(&text).get_hash().to_owned();
            Official { text, sha }
        });)*
    };
}

official! {
    ADD_DELAYED = "addDelayedJob-6";
    ADD_PARENT = "addParentJob-6";
    ADD_PRIORITIZED = "addPrioritizedJob-9";
    ADD_STANDARD = "addStandardJob-9";
    RELEASE_PARENT = "releaseParentIfNoPendingDependencies-2";
}

/// Inserts trees. All their queues must be in one cluster slot. The children of a job are inserted after it, as in
/// Node's client. Returns the ids in the order of insertion: each job before its children.
pub async fn insert(redis: &Redis, roots: &[Node]) -> Result<Vec<JobId>, InsertError> {
    let Some(first) = roots.first() else { return Ok(Vec::new()) };
    let connection = redis.connection_of(&first.spec.queue).await?;
    let mut transaction = Transaction::new(redis.prefix());
    for root in roots {
        let parent = root.spec.options.parent.as_ref().map(|parent| {
            let queue_key = qualified(redis.prefix(), &parent.queue);
            Parent { queue_key, id: parent.id.clone() }
        });
        transaction.parents.extend(parent.clone());
        transaction.add(root, parent.as_ref()).map_err(ConnectError::from)?;
    }
    let nodes = std::mem::take(&mut transaction.nodes);
    let replies: Vec<redis::Value> = connection.pipe(&transaction.finish()).await.map_err(ConnectError::from)?;
    let mut ids = Vec::with_capacity(nodes.len());
    for (place, (node, reply)) in nodes.into_iter().zip(replies).enumerate() {
        let redis::Value::Int(code @ ..0) = reply else {
            let id = String::from_redis_value_ref(&reply).map_err(redis::RedisError::from);
            ids.push(id.map_err(ConnectError::from)?.into());
            continue;
        };
        let (queue, id) = (node.spec.queue.clone(), node.id.clone());
        return Err(match code {
            NO_PARENT if place == 0 && roots.len() == 1 => InsertError::NoParent,
            NO_PARENT => InsertError::NoParentOf { queue, name: node.spec.name.clone() },
            OTHER_PARENT => InsertError::OtherParent { queue, id },
            code => InsertError::Refused { queue, id, code },
        });
    }
    Ok(ids)
}

/// The parent of jobs, by its keys.
#[derive(Clone)]
struct Parent {
    queue_key: String,
    id: JobId,
}

impl Parent {
    fn key(&self) -> String {
        format!("{}:{}", self.queue_key, self.id)
    }
}

/// The commands of one transaction.
struct Transaction<'a> {
    prefix: &'a str,
    pipe: Pipeline,
    /// The scripts that an earlier command of the transaction loads.
    sent: HashSet<&'static str>,
    nodes: Vec<&'a Node>,
    parents: Vec<Parent>,
}

impl<'a> Transaction<'a> {
    fn new(prefix: &'a str) -> Self {
        let mut pipe = redis::pipe();
        pipe.atomic();
        Self { prefix, pipe, sent: HashSet::new(), nodes: Vec::new(), parents: Vec::new() }
    }

    fn add(&mut self, node: &'a Node, parent: Option<&Parent>) -> Result<(), Error> {
        let keys = QueueKeys::new(node.spec.queue.as_str(), Some(self.prefix));
        let (script, script_keys) = script(&keys, node);
        let mut call = self.call(script, &script_keys);
        call.arg(arguments(&keys, node, parent)?).arg(node.spec.data.to_string());
        call.arg(pack(&all_options(&node.spec, parent))?);
        self.pipe.add_command(call);
        self.nodes.push(node);
        if node.children.is_empty() {
            return Ok(());
        }
        let own = Parent { queue_key: qualified(self.prefix, &node.spec.queue), id: node.id.clone() };
        self.parents.push(own.clone());
        node.children.iter().try_for_each(|child| self.add(child, Some(&own)))
    }

    /// Calls a script. The first call sends its text: calling a script that Redis does not know would fail in the
    /// middle of the transaction.
    fn call(&mut self, script: &'static Official, keys: &[String]) -> Cmd {
        let mut call = match self.sent.insert(script.sha.as_str()) {
            true => redis::cmd("EVAL").arg(&script.text).take(),
            false => redis::cmd("EVALSHA").arg(script.sha.as_str()).take(),
        };
        call.arg(keys.len()).arg(keys);
        call
    }

    /// Adds the commands that must come last. They release parents whose children had all ended before.
    fn finish(mut self) -> Pipeline {
        for parent in std::mem::take(&mut self.parents) {
            let key = parent.key();
            let dependencies = format!("{key}:dependencies");
            let mut call = self.call(&RELEASE_PARENT, &[key, dependencies]);
            call.arg(parent.queue_key).arg(parent.id.as_str()).arg(clock::now());
            self.pipe.add_command(call);
        }
        self.pipe
    }
}

/// BullMQ's name of a queue including its prefix.
fn qualified(prefix: &str, queue: &QueueName) -> String {
    format!("{prefix}:{queue}")
}

/// The script that adds a job, and its keys.
fn script(keys: &QueueKeys, node: &Node) -> (&'static Official, Vec<String>) {
    let options = &node.spec.options;
    if !node.children.is_empty() {
        let waiting = keys.waiting_children();
        return (&ADD_PARENT, vec![keys.meta(), keys.id(), keys.delayed(), waiting, keys.completed(), keys.events()]);
    }
    if options.delay.is_some_and(|delay| clock::milliseconds(delay) > 0) {
        let keys = vec![keys.marker(), keys.meta(), keys.id(), keys.delayed(), keys.completed(), keys.events()];
        return (&ADD_DELAYED, keys);
    }
    if options.priority.is_some_and(|priority| priority > 0) {
        let mut found = vec![keys.marker(), keys.meta(), keys.id(), keys.prioritized(), keys.delayed()];
        found.extend([keys.completed(), keys.active(), keys.events(), keys.pc()]);
        return (&ADD_PRIORITIZED, found);
    }
    let mut found = vec![keys.wait(), keys.paused(), keys.meta(), keys.id(), keys.completed(), keys.delayed()];
    found.extend([keys.active(), keys.events(), keys.marker()]);
    (&ADD_STANDARD, found)
}

/// The scripts' arguments for a job, apart from its data and options.
fn arguments(keys: &QueueKeys, node: &Node, parent: Option<&Parent>) -> Result<Vec<u8>, Error> {
    let options = &node.spec.options;
    let parent_key = parent.map(Parent::key);
    let dependencies = parent_key.as_ref().map(|key| format!("{key}:dependencies"));
    let parent = parent.map(|parent| {
        let mut about =
            Map::from_iter([("id".to_owned(), json!(parent.id)), ("queueKey".to_owned(), json!(parent.queue_key))]);
        about.extend(on_failure(options));
        about
    });
    let deduplication = options.deduplication.as_ref().map(|held| format!("{}de:{}", keys.key_prefix(), held.id));
    let timestamp = options.timestamp.filter(|at| *at > 0).unwrap_or_else(clock::now);
    // The eighth argument is for job schedulers. The last one prevents that a parent is released before all its
    // children are added.
    pack(&json!([
        keys.key_prefix(),
        node.id,
        node.spec.name,
        timestamp,
        parent_key,
        dependencies,
        parent,
        null,
        deduplication,
        1
    ]))
}

/// A job's options as Node's flow producer stores them.
fn all_options(spec: &JobSpec, parent: Option<&Parent>) -> Map<String, Value> {
    let mut all = stored(&spec.options);
    all.entry("attempts").or_insert_with(|| 0.into());
    if let Some(parent) = parent {
        all.insert("parent".to_owned(), json!({ "id": parent.id, "queue": parent.queue_key }));
    }
    all.extend(trace(spec));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use toril_job::settings::JobDefaults;

    fn node(queue: &str, id: &str, children: Vec<Node>) -> Node {
        Node {
            spec: JobSpec::new(QueueName::new(queue).unwrap(), "n", json!({}), &JobDefaults::default()),
            id: id.into(),
            children,
        }
    }

    #[test]
    fn each_script_is_sent_once_and_parents_are_released_last() {
        let tree = node("a", "root", vec![node("b", "1", vec![node("b", "2", vec![])]), node("a", "3", vec![])]);
        let mut transaction = Transaction::new("bull");
        transaction.add(&tree, None).expect("packed");
        let pipe = transaction.finish();
        let commands: Vec<_> = pipe
            .cmd_iter()
            .map(|command| match command.args_iter().next() {
                Some(redis::Arg::Simple(name)) => String::from_utf8_lossy(name).into_owned(),
                _ => String::new(),
            })
            .collect();
        assert_eq!(commands, ["EVAL", "EVALSHA", "EVAL", "EVALSHA", "EVAL", "EVALSHA"]);
    }

    #[test]
    fn options_are_stored_as_node_stores_them() {
        let mut child = node("a", "1", vec![]);
        child.spec.options.on_failure = Some(toril_job::OnFailure::FailParent);
        child.spec.options.keep_logs = Some(3);
        let parent = Parent { queue_key: "bull:b".to_owned(), id: "root".into() };
        assert_eq!(
            Value::Object(all_options(&child.spec, Some(&parent))),
            json!({ "attempts": 0, "kl": 3, "parent": { "id": "root", "queue": "bull:b" }, "fpof": true })
        );
    }
}
