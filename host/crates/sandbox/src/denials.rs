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
    /// A server, as `host:port`.
    Server(String),
    /// A host whose name the plugin may not look up.
    Host(String),
}

impl Outside {
    fn is_named_in(&self, message: &str) -> bool {
        match self {
            Self::Origin(origin) => names(message, origin),
            Self::Server(server) => names_server(message, server),
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

    /// Records a denied connection to a server, as `host:port`.
    pub fn add_server(&self, server: String, reason: String) {
        self.push(Denial { reason, outside: Some(Outside::Server(server)) });
    }

    /// Records a denied look-up of a host.
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

/// Whether a text contains exactly this server.
fn names_server(text: &str, server: &str) -> bool {
    whole(text, server).next().is_some()
}

/// Whether a text contains exactly this host, with any port, as the target of a connection. HTTP requests to it have
/// denials of their own.
fn names_host(text: &str, host: &str) -> bool {
    // A name such as `redis` is also a word, so something beside it must show that it is a name.
    let is_word = !host.contains(['.', ':']);
    whole(text, host).any(|(before, after)| {
        let has_port = after.strip_prefix(':').is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit()));
        let is_http = before.ends_with("http://") || before.ends_with("https://");
        !is_http && (!is_word || has_port || before.ends_with("EACCES "))
    })
}

/// The texts before and after each place where a text contains a name that is not a part of a longer one.
fn whole<'t>(text: &'t str, name: &str) -> impl Iterator<Item = (&'t str, &'t str)> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let parts = text.match_indices(name).map(|(at, found)| (&text[..at], &text[at + found.len()..]));
    let is_whole = !name.is_empty();
    parts.filter(move |(before, after)| {
        let mut rest = after.chars();
        let goes_on = match rest.next() {
            Some('.') => rest.next().is_some_and(in_name),
            Some(c) => in_name(c),
            None => false,
        };
        is_whole && !goes_on && !before.ends_with(|c: char| in_name(c) || matches!(c, '.' | '@'))
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
        assert!(!names_host("anything", ""));
    }

    #[test]
    fn a_server_is_named_with_its_port() {
        for text in ["a.example:25", "connect EACCES a.example:25: denied", "(a.example:25)."] {
            assert!(names_server(text, "a.example:25"), "{text}");
        }
        for text in ["a.example", "a.example:251", "a.example:26", "b.a.example:25"] {
            assert!(!names_server(text, "a.example:25"), "{text}");
        }
    }

    #[test]
    fn a_host_without_a_dot_is_named_only_where_it_is_no_mere_word() {
        for text in ["redis:6379: denied", "getaddrinfo EACCES redis", "getaddrinfo EACCES redis: add tcp"] {
            assert!(names_host(text, "redis"), "{text}");
        }
        for text in ["redis command failed", "the cache (redis) is full", "redis: WRONGTYPE", "xredis:6379"] {
            assert!(!names_host(text, "redis"), "{text}");
        }
        assert!(names_host("connect ::1 failed", "::1"));
    }

    #[test]
    fn the_address_of_an_http_request_does_not_name_a_host_whose_look_up_was_denied() {
        for text in ["https://a.example/x: timeout", "http://a.example:8080: refused", "GET https://a.example"] {
            assert!(!names_host(text, "a.example"), "{text}");
        }
        assert!(names_host("http://a.example: no, but a.example, too", "a.example"));
        assert!(names_host("redis://a.example:6379", "a.example"));
    }

    #[test]
    fn a_tolerated_look_up_does_not_make_a_later_failure_final() {
        let denials = Denials::default();
        denials.add_host("redis".to_owned(), "denied".to_owned());
        assert!(!denials.are_named_in("redis has no memory left"));
        assert!(denials.are_named_in("getaddrinfo EACCES redis"));
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
