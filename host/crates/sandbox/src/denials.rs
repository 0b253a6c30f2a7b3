//! Collects calls of one pen that were denied because the plugin's entry in the configuration lacks a grant. Each
//! denial is written once to the job's log, whatever the plugin does with the error.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::output::Output;
use toril_job::LogLevel;

/// Maximum number of different denials that are kept per pen.
const KEPT: usize = 32;

/// The denials of one pen.
#[derive(Clone, Default)]
pub struct Denials {
    denied: Arc<Mutex<Vec<Denial>>>,
    /// `None` in `describe`, where no job is running.
    output: Option<Output>,
}

struct Denial {
    /// The message, with what to add to the configuration.
    reason: String,
    /// What was denied, if it was something outside.
    outside: Option<Outside>,
}

/// What a denied request or connection was for.
enum Outside {
    /// An origin, as `scheme://authority`.
    Origin(String),
    /// A host, or `host:port`.
    Host(String),
}

impl Outside {
    fn is_named_in(&self, message: &str) -> bool {
        match self {
            Self::Origin(origin) => names(message, origin),
            Self::Host(host) => names_host(message, host),
        }
    }
}

impl Denials {
    /// Starts without denials. `output` leads to the job's log.
    pub fn to(output: Option<Output>) -> Self {
        Self { denied: Arc::default(), output }
    }

    /// Records a denial.
    pub fn add(&self, reason: String) {
        self.push(Denial { reason, outside: None });
    }

    /// Records a denied request to an origin.
    pub fn add_origin(&self, origin: String, reason: String) {
        self.push(Denial { reason, outside: Some(Outside::Origin(origin)) });
    }

    /// Records a denied connection to a host, or to `host:port`.
    pub fn add_host(&self, host: String, reason: String) {
        self.push(Denial { reason, outside: Some(Outside::Host(host)) });
    }

    /// The latest denial.
    pub fn last(&self) -> Option<String> {
        self.lock().last().map(|denial| denial.reason.clone())
    }

    /// Whether a failure's message names a denied origin or host. Then the plugin failed because of that denial, and
    /// not because of a later error after a denial that it could tolerate.
    pub fn are_named_in(&self, message: &str) -> bool {
        self.lock().iter().filter_map(|denial| denial.outside.as_ref()).any(|outside| outside.is_named_in(message))
    }

    fn push(&self, denial: Denial) {
        let mut denied = self.lock();
        let before = denied.len();
        denied.retain(|known| known.reason != denial.reason);
        let known = denied.len() < before;
        if denied.len() == KEPT {
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

/// Whether a text contains exactly this origin, and not a longer one with the same prefix.
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

/// Whether a text contains exactly this host, with any port if `host` has none, and not a longer name.
fn names_host(text: &str, host: &str) -> bool {
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    text.match_indices(host).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + found.len()..].chars();
        let goes_on = match after.next() {
            Some('.') => after.next().is_some_and(in_name),
            Some(c) => in_name(c),
            None => false,
        };
        !host.is_empty() && !goes_on && !before.is_some_and(|c| in_name(c) || matches!(c, '.' | '@'))
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
    fn a_host_is_named_as_a_whole() {
        for text in
            ["a.example", "connect a.example:25: denied", "getaddrinfo EACCES a.example", "(a.example)", "a.example."]
        {
            assert!(names_host(text, "a.example"), "{text}");
        }
        for text in ["b.a.example", "xa.example", "a.examples", "a.example.org", "a-a.example", "b.example", ""] {
            assert!(!names_host(text, "a.example"), "{text}");
        }
        assert!(names_host("a.example:25 refused", "a.example:25") && !names_host("a.example:251", "a.example:25"));
    }

    #[test]
    fn a_denial_is_kept_once_and_the_latest_one_is_last() {
        let denials = Denials::default();
        for reason in ["a", "b", "a"] {
            denials.add(reason.to_owned());
        }
        assert_eq!((denials.last().as_deref(), denials.lock().len()), (Some("a"), 2));
    }
}
