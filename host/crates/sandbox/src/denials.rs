//! What one pen was refused that its plugin's entry in the configuration would have to grant. Each is a line of the
//! job's log, once, whatever the plugin makes of the error.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::output::Output;
use toril_job::LogLevel;

/// Different denials of one pen that are told.
const TOLD: usize = 32;

/// The denials of one pen.
#[derive(Clone, Default)]
pub struct Denials {
    denied: Arc<Mutex<Vec<Denial>>>,
    /// None in `describe`, where no job is running.
    output: Option<Output>,
}

struct Denial {
    /// In words, with what to add to the configuration.
    reason: String,
    /// As `scheme://authority`, if it is one.
    origin: Option<String>,
}

impl Denials {
    /// None yet.
    pub fn to(output: Option<Output>) -> Self {
        Self { denied: Arc::default(), output }
    }

    /// Something was refused.
    pub fn add(&self, reason: String) {
        self.push(Denial { reason, origin: None });
    }

    /// A request to an origin was refused.
    pub fn add_origin(&self, origin: String, reason: String) {
        self.push(Denial { reason, origin: Some(origin) });
    }

    /// What was refused last.
    pub fn last(&self) -> Option<String> {
        self.lock().last().map(|denial| denial.reason.clone())
    }

    /// Whether a failure's message names an origin that was refused. Then it is this refusal that the plugin failed of,
    /// and not something that came after one that it could do without.
    pub fn are_named_in(&self, message: &str) -> bool {
        self.lock().iter().filter_map(|denial| denial.origin.as_deref()).any(|origin| names(message, origin))
    }

    fn push(&self, denial: Denial) {
        let mut denied = self.lock();
        let before = denied.len();
        denied.retain(|known| known.reason != denial.reason);
        let known = denied.len() < before;
        if denied.len() == TOLD {
            denied.remove(0);
        } else if let (Some(output), false) = (&self.output, known) {
            output.note(LogLevel::Warn, &denial.reason);
        }
        denied.push(denial);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Denial>> {
        self.denied.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a text names an origin, and not a longer one that begins like it.
fn names(text: &str, origin: &str) -> bool {
    text.match_indices(origin).any(|(at, found)| {
        let mut after = text[at + found.len()..].chars();
        match after.next() {
            Some(':') => !after.next().is_some_and(|c| c.is_ascii_digit()),
            Some('.') => !after.next().is_some_and(char::is_alphanumeric),
            Some(c) => !c.is_alphanumeric() && c != '-',
            None => true,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_named_as_a_whole() {
        let origin = "http://a.example";
        for text in [origin, "fetch from http://a.example: NetworkError", "http://a.example/x", "(http://a.example)."] {
            assert!(names(text, origin), "{text}");
        }
        for text in ["http://a.example:81", "http://a.example.org", "http://a.examples", "http://b.example", ""] {
            assert!(!names(text, origin), "{text}");
        }
    }

    #[test]
    fn a_denial_is_kept_once_and_the_last_one_is_told() {
        let denials = Denials::default();
        for reason in ["a", "b", "a"] {
            denials.add(reason.to_owned());
        }
        assert_eq!((denials.last().as_deref(), denials.lock().len()), (Some("a"), 2));
    }
}
