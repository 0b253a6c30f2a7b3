//! The states of a job, and the keys where Redis stores the jobs of each state.

use std::fmt;
use std::str::FromStr;

use bullmq::QueueKeys;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use toril_job::JobId;

/// A state that a job can be in, by BullMQ's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It can be claimed.
    Waiting,
    /// It is being run.
    Active,
    /// Its time has not come.
    Delayed,
    /// It can be claimed, and has a priority.
    Prioritized,
    /// It waits for its children.
    WaitingChildren,
    /// It is done, and kept.
    Completed,
    /// It has failed for good, and is kept.
    Failed,
}

impl State {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Active,
        Self::Delayed,
        Self::Prioritized,
        Self::WaitingChildren,
        Self::Completed,
        Self::Failed,
    ];

    /// BullMQ's name of the state.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Delayed => "delayed",
            Self::Prioritized => "prioritized",
            Self::WaitingChildren => "waiting-children",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// The keys that contain the jobs in this state. BullMQ before version 6 moves the waiting jobs of a paused queue
    /// to a separate list.
    pub(super) fn places(self, keys: &QueueKeys) -> Vec<Place> {
        match self {
            Self::Waiting => vec![Place::List(keys.wait()), Place::List(keys.paused())],
            Self::Active => vec![Place::List(keys.active())],
            Self::Delayed => vec![Place::Set(keys.delayed())],
            Self::Prioritized => vec![Place::Set(keys.prioritized())],
            Self::WaitingChildren => vec![Place::Set(keys.waiting_children())],
            Self::Completed => vec![Place::Set(keys.completed())],
            Self::Failed => vec![Place::Set(keys.failed())],
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|state| state.name() == text);
        found.ok_or_else(|| format!("is one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// A key that contains job ids.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// A list, the newest job first.
    List(String),
    /// A sorted set, the first job in line first.
    Set(String),
}

impl Place {
    /// The command that counts its jobs.
    pub(super) fn count(&self) -> redis::Cmd {
        let (name, key) = match self {
            Self::List(key) => ("LLEN", key),
            Self::Set(key) => ("ZCARD", key),
        };
        let mut count = redis::cmd(name);
        count.arg(key);
        count
    }

    /// The command that finds a job in it. The answer is nil if the job is not there.
    fn find(&self, id: &JobId) -> redis::Cmd {
        let (name, key) = match self {
            Self::List(key) => ("LPOS", key),
            Self::Set(key) => ("ZSCORE", key),
        };
        let mut find = redis::cmd(name);
        find.arg(key).arg(id.as_str());
        find
    }
}

/// Adds the commands that find a job's state. Their order is always the same.
pub(super) fn ask(pipe: &mut redis::Pipeline, keys: &QueueKeys, id: &JobId) {
    for place in State::ALL.into_iter().flat_map(|state| state.places(keys)) {
        pipe.add_command(place.find(id));
    }
}

/// The number of these commands.
pub(super) const QUESTIONS: usize = 8;

/// The state according to the answers to these commands. `None`: the job is in no state, because it is gone or moves
/// between two states.
pub(super) fn answer(keys: &QueueKeys, answers: &[redis::Value]) -> Option<State> {
    let states = State::ALL.into_iter().flat_map(|state| state.places(keys).into_iter().map(move |_| state));
    states.zip(answers).find(|(_, answer)| **answer != redis::Value::Nil).map(|(state, _)| state)
}

impl Admin {
    /// The state of a job, in one round trip.
    pub(super) async fn state(&self, keys: &QueueKeys, id: &JobId) -> Result<Option<State>, AdminError> {
        let mut pipe = redis::pipe();
        pipe.atomic();
        ask(&mut pipe, keys, id);
        let answers: Vec<redis::Value> = self.redis.connection_for(keys).await?.pipe(&pipe).await?;
        Ok(answer(keys, &answers))
    }

    /// The error for a job that is not in the required state.
    pub(super) async fn not_in(&self, keys: &QueueKeys, id: &JobId, wanted: &str) -> AdminError {
        match self.state(keys, id).await {
            Ok(state) => {
                let state = state.map_or("in no state", State::name);
                AdminError::Conflict(format!("job {id} of queue {} is {state}, not {wanted}", keys.name()))
            }
            Err(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_names_are_parsed_as_they_are_written() {
        for state in State::ALL {
            assert_eq!(state.name().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).ok(), Some(state.name().into()));
        }
        assert!("wait".parse::<State>().is_err());
    }

    #[test]
    fn the_first_place_that_has_the_job_determines_its_state() {
        let keys = QueueKeys::new("q", None);
        let mut answers = vec![redis::Value::Nil; QUESTIONS];
        assert_eq!(answer(&keys, &answers), None);
        answers[3] = redis::Value::Int(1);
        assert_eq!(answer(&keys, &answers), Some(State::Delayed));
    }
}
