//! Which version of which plugin this host ran a job with: Redis does not hold that, so the last jobs are remembered.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::attempt::Finished;
use crate::http::Ran;

/// How many jobs are remembered.
const KEPT: usize = 10_000;
/// Longer ids, in bytes, are not.
const LONGEST: usize = 128;

type Key = (String, String);

/// The last jobs of this host.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    jobs: HashMap<Key, Ran>,
    order: VecDeque<Key>,
}

impl Memory {
    /// Remembers what ran a job.
    pub fn note(&self, queue: &str, id: &str, finished: &Finished) {
        let Some(version) = finished.version.clone().filter(|_| id.len() <= LONGEST) else { return };
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (queue.to_owned(), id.to_owned());
        let ran = Ran { plugin: finished.plugin.clone(), version };
        if inside.jobs.insert(key.clone(), ran).is_none() {
            inside.order.push_back(key);
        }
        if inside.order.len() > KEPT
            && let Some(oldest) = inside.order.pop_front()
        {
            inside.jobs.remove(&oldest);
        }
    }

    /// What ran a job last, if it is remembered.
    pub fn of(&self, queue: &str, id: &str) -> Option<Ran> {
        let inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inside.jobs.get(&(queue.to_owned(), id.to_owned())).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::Outcome;

    #[test]
    fn the_last_jobs_are_remembered() {
        let memory = Memory::default();
        let outcome = || Outcome::Completed(serde_json::Value::Null.into());
        for id in 0..KEPT + 5 {
            let finished = Finished { outcome: outcome(), plugin: "p".into(), version: Some("v".into()), usage: None };
            memory.note("q", &id.to_string(), &finished);
        }
        assert!(memory.of("q", "4").is_none());
        assert_eq!(memory.of("q", "5").map(|ran| ran.version).as_deref(), Some("v"));
    }
}
