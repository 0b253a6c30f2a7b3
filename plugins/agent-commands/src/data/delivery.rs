//! How far a delivery is, as it is kept in the job's data.

use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toril_plugin::Job;

/// How far a delivery is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Delivery {
    /// Which delivery this is: a new one begins when a task has come to nothing and the job is tried again.
    pub number: u32,
    /// What is known of it.
    pub step: Step,
    /// When it was first sent, in milliseconds since the Unix epoch.
    pub sent_at: u64,
    /// The agent's task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The attempt in which the task has come to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_in: Option<u32>,
}

/// What is known of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// It may have reached the agent.
    Sending,
    /// It has certainly not reached the agent.
    Refused,
    /// The agent has made a task of it.
    Taken,
}

impl Delivery {
    /// A delivery that is about to be sent.
    pub fn begin(number: u32, now: SystemTime) -> Self {
        Self { number, step: Step::Sending, sent_at: millis(now), task_id: None, ended_in: None }
    }

    /// When it was first sent.
    pub fn sent(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(self.sent_at)).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Names the message. The same on every attempt of a job, so that an agent can tell a repetition from a new message;
    /// another for a later job that got the same id, and for a later delivery.
    pub fn message_id<D>(&self, job: &Job<D>) -> String {
        let first = format!("toril:{}:{}:{}", job.queue, job.id, millis(job.added_at));
        if self.number > 1 { format!("{first}:{}", self.number) } else { first }
    }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_has_the_same_id_on_every_attempt() {
        let delivery = Delivery::begin(1, SystemTime::UNIX_EPOCH);
        let mut job = Job::for_test("send", ());
        let first = delivery.message_id(&job);
        assert_eq!(first, "toril:test:1:0");
        job.attempt = 2;
        assert_eq!(delivery.message_id(&job), first);
        job.id = "2".into();
        assert_ne!(delivery.message_id(&job), first);
    }

    #[test]
    fn another_delivery_has_another_id() {
        let job = Job::for_test("send", ());
        assert_eq!(Delivery::begin(2, SystemTime::UNIX_EPOCH).message_id(&job), "toril:test:1:0:2");
    }
}
