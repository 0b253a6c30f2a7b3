//! The state of a delivery, as stored in the job's data.

use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toril_plugin::Job;

/// The state of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Delivery {
    /// Its number. A new delivery begins when a task ended without success and the job is retried.
    pub number: u32,
    /// What is known about its arrival.
    pub step: Step,
    /// When it was first sent, in milliseconds since the Unix epoch.
    pub sent_at: u64,
    /// When it was last sent, if that was not the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_again_at: Option<u64>,
    /// Whether the agent has answered the last sending, and not with what became of it. Without an answer it may still
    /// be about to make a task of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answered: bool,
    /// The conversation that it was sent in, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_id: Option<String>,
    /// The agent's task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// Whether the agent was asked to send notifications about the task.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub notifies: bool,
    /// Whether the job was deferred to wait for a notification.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deferred: bool,
    /// The last message of the agent that is in the job's log, if the job was deferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_said: Option<String>,
    /// The number of statuses that the job's progress has counted, if the job was deferred.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub updates: u32,
    /// The attempt in which the task ended without success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_in: Option<u32>,
}

/// What is known about the arrival of a message.
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
    /// A delivery that has not been sent yet.
    pub fn begin(number: u32, now: SystemTime) -> Self {
        let sent_at = millis(now);
        Self {
            number,
            step: Step::Refused,
            sent_at,
            sent_again_at: None,
            answered: false,
            context_id: None,
            task_id: None,
            notifies: false,
            deferred: false,
            last_said: None,
            updates: 0,
            ended_in: None,
        }
    }

    /// Records that it is being sent now, in this conversation.
    pub fn sending(&mut self, context_id: Option<String>, now: SystemTime) {
        match self.step {
            Step::Refused => (self.sent_at, self.sent_again_at) = (millis(now), None),
            _ => self.sent_again_at = Some(millis(now)),
        }
        self.step = Step::Sending;
        self.answered = false;
        self.context_id = context_id;
    }

    /// When it was last sent.
    pub fn last_sent(&self) -> SystemTime {
        moment(self.sent_again_at.unwrap_or(self.sent_at))
    }

    /// When it was first sent.
    pub fn sent(&self) -> SystemTime {
        moment(self.sent_at)
    }

    /// The message id. It is the same in every attempt of a job, so that an agent can recognise a repetition. A later
    /// job with the same id and a later delivery get a different one.
    pub fn message_id<D>(&self, job: &Job<D>) -> String {
        let first = format!("toril:{}:{}:{}", job.queue, job.id, millis(job.added_at));
        if self.number > 1 { format!("{first}:{}", self.number) } else { first }
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn moment(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(SystemTime::UNIX_EPOCH)
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
    fn the_first_sending_counts_for_the_agents_time_and_the_last_one_for_looking() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let mut delivery = Delivery::begin(1, at(1));
        delivery.sending(None, at(2));
        delivery.sending(Some("c".into()), at(3));
        assert_eq!((delivery.sent(), delivery.last_sent()), (at(2), at(3)));
        delivery.step = Step::Refused;
        delivery.sending(None, at(4));
        assert_eq!((delivery.sent(), delivery.last_sent()), (at(4), at(4)));
    }

    #[test]
    fn another_delivery_has_another_id() {
        let job = Job::for_test("send", ());
        assert_eq!(Delivery::begin(2, SystemTime::UNIX_EPOCH).message_id(&job), "toril:test:1:0:2");
    }
}
