//! Detects changes with few commands, for pages that update live.

use std::hash::{DefaultHasher, Hash, Hasher};

use bullmq::QueueKeys;

use super::error::AdminError;
use super::handle::Admin;
use super::reply::{Field, Fields, next};
use super::state::{self, State};
use toril_job::{JobId, QueueName};

/// What a page shows.
#[derive(Clone, Debug)]
pub enum Scope {
    /// Every queue in the configuration.
    Queues,
    /// One queue.
    Queue(QueueName),
    /// One job.
    Job {
        /// Its queue.
        queue: QueueName,
        /// Its id.
        id: JobId,
    },
}

impl Admin {
    /// A number that changes when the content of the page changes. Costs about 12 commands per queue.
    pub async fn change_token(&self, scope: &Scope) -> Result<u64, AdminError> {
        let keys = |queue: &QueueName| QueueKeys::new(queue.as_str(), Some(self.redis.prefix()));
        let configured = self.configured();
        let asked = |queue| {
            let mut pipe = redis::pipe();
            ask_queue(&mut pipe, &keys(queue));
            (queue, pipe)
        };
        let parts: Vec<(&QueueName, redis::Pipeline)> = match scope {
            Scope::Queues => configured.iter().map(asked).collect(),
            Scope::Queue(queue) => vec![asked(queue)],
            Scope::Job { queue, id } => {
                let keys = keys(queue);
                let key = keys.job_key(id.as_str());
                let mut pipe = redis::pipe();
                let fields = ["atm", "ats", "processedOn", "finishedOn", "progress", "delay", "priority", "timestamp"];
                pipe.cmd("HMGET").arg(&key).arg(&fields);
                pipe.cmd("LLEN").arg(format!("{key}:logs"));
                super::job::count_children(&mut pipe, &key);
                state::ask(&mut pipe, &keys, id);
                vec![(queue, pipe)]
            }
        };
        let mut hasher = DefaultHasher::new();
        if !parts.is_empty() {
            format!("{:?}", self.redis.ask_each(&parts).await?).hash(&mut hasher);
        }
        Ok(hasher.finish())
    }

    /// How long the next job of each queue has waited until `now`, in milliseconds. `None`: no job waits. Two round
    /// trips with four commands per queue.
    pub async fn oldest_waits(&self, queues: &[QueueName], now: u64) -> Result<Vec<Option<u64>>, AdminError> {
        if queues.is_empty() {
            return Ok(Vec::new());
        }
        let first = queues.iter().map(|queue| {
            let keys = QueueKeys::new(queue.as_str(), Some(self.redis.prefix()));
            let mut pipe = redis::pipe();
            pipe.cmd("LINDEX").arg(keys.wait()).arg(-1);
            pipe.cmd("ZRANGE").arg(keys.prioritized()).arg(0).arg(0);
            (queue, pipe)
        });
        let mut answers = self.redis.ask_each(&first.collect::<Vec<_>>()).await?.into_iter();
        let mut parts = Vec::with_capacity(queues.len());
        for queue in queues {
            let mut pipe = redis::pipe();
            let keys = QueueKeys::new(queue.as_str(), Some(self.redis.prefix()));
            let waits: Field = next(&mut answers)?;
            let prioritized: Vec<Vec<u8>> = next(&mut answers)?;
            for id in [waits, prioritized.into_iter().next()] {
                let id = id.map_or_else(String::new, |id| String::from_utf8_lossy(&id).into_owned());
                pipe.cmd("HMGET").arg(keys.job_key(&id)).arg(&["timestamp", "delay"]);
            }
            parts.push((queue, pipe));
        }
        let mut found = self.redis.ask_each(&parts).await?.into_iter();
        let mut due = Vec::with_capacity(queues.len() * 2);
        for _ in 0..queues.len() * 2 {
            let fields = Fields::zip(&["timestamp", "delay"], next::<Vec<Field>>(&mut found)?);
            let added = fields.number("timestamp");
            due.push(added.map(|added| added.saturating_add(fields.number("delay").unwrap_or(0))));
        }
        let oldest = due.chunks(2).map(|pair| pair.iter().flatten().min().map(|due| now.saturating_sub(*due)));
        Ok(oldest.collect())
    }
}

fn ask_queue(pipe: &mut redis::Pipeline, keys: &QueueKeys) {
    pipe.cmd("XREVRANGE").arg(keys.events()).arg("+").arg("-").arg("COUNT").arg(1);
    pipe.cmd("HEXISTS").arg(keys.meta()).arg("paused");
    pipe.cmd("ZCARD").arg(keys.repeat());
    for place in State::ALL.into_iter().flat_map(|state| state.places(keys)) {
        pipe.add_command(place.count());
    }
}
