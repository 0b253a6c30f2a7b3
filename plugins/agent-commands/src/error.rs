//! Why a call failed, and what that means for the job. No message quotes the agent's text, because it may contain
//! payload.

use std::fmt;
use std::time::Duration;

use toril_plugin::Failure;
use toril_plugin::http::HttpError;

use crate::watch::Stop;

/// Minimum and maximum time for which a queue is rate-limited. An agent names the time, and must not stop a queue for
/// days.
const MIN_WAIT: Duration = Duration::from_secs(1);
const MAX_WAIT: Duration = Duration::from_secs(3600);

/// The JSON-RPC and A2A error codes that need separate handling.
pub const METHOD_NOT_FOUND: i64 = -32601;
const TASK_NOT_FOUND: i64 = -32001;
const TASK_NOT_CANCELABLE: i64 = -32002;
const NO_NOTIFICATIONS: i64 = -32003;
const UNSUPPORTED: i64 = -32004;
const WRONG_VERSION: i64 = -32009;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// The attempt must end.
    Stopped(Stop),
    /// There was no response.
    Http(HttpError),
    /// The response has an error status.
    Status { status: u16, wait: Option<Duration> },
    /// A JSON-RPC or A2A error. Errors over HTTP+JSON are translated to their JSON-RPC codes.
    Rpc { code: i64 },
    /// The response is not A2A.
    NotA2a,
    /// The agent denies access. `advice` says what to do about it.
    AccessDenied { status: u16, advice: String },
    /// The call was not sent because no token could be obtained. The message explains why.
    NoToken { message: String, transient: bool },
}

impl From<HttpError> for CallError {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

impl From<Stop> for CallError {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

impl CallError {
    /// Whether the agent has certainly not accepted a message.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Http(error) => error.is_unsent(),
            // A gateway's 5xx says nothing about the agent behind it. Neither does 408.
            Self::Status { status, .. } => *status < 500 && *status != 408,
            Self::Rpc { code } => is_definite(*code),
            Self::AccessDenied { .. } | Self::NoToken { .. } => true,
            Self::Stopped(_) | Self::NotA2a => false,
        }
    }

    /// Whether a retry may soon succeed. A response that is not A2A counts too: gateways return their own page while
    /// the agent behind them restarts.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Stopped(_) => false,
            // A name can resolve to another address later, but that is unlikely within one attempt.
            Self::Http(HttpError::Prohibited { .. } | HttpError::TooLarge { .. }) => false,
            Self::Http(error) => !error.is_permanent(),
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..),
            Self::Rpc { code } => !is_definite(*code),
            Self::AccessDenied { .. } => false,
            Self::NoToken { transient, .. } => *transient,
            Self::NotA2a => true,
        }
    }

    /// Whether the call has ended at the agent: the agent has responded, or a server in front of it that forwarded
    /// nothing. After any other error the agent may still be processing the call.
    pub fn is_answer(&self) -> bool {
        match self {
            // 502 and 504 come from a gateway that has waited for the agent and does not know the outcome.
            Self::Status { status, .. } => !matches!(status, 408 | 502 | 504),
            Self::Rpc { .. } | Self::AccessDenied { .. } => true,
            Self::Stopped(_) | Self::Http(_) | Self::NotA2a | Self::NoToken { .. } => false,
        }
    }

    /// The `Retry-After` of the agent.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { wait, .. } => *wait,
            _ => None,
        }
    }

    /// Whether the address has no agent card: not found, unreadable, or a page for people.
    pub fn is_no_card(&self) -> bool {
        matches!(self, Self::Status { status: 404 | 405 | 410, .. } | Self::NotA2a)
    }

    /// Whether an outdated card could explain the error: the agent may have moved, or may use another protocol version
    /// now.
    pub fn may_be_an_old_card(&self) -> bool {
        match self {
            Self::Http(error) => error.is_unsent(),
            Self::Status { status, .. } => matches!(status, 300..400 | 404 | 405 | 410),
            Self::Rpc { code } => matches!(*code, METHOD_NOT_FOUND | WRONG_VERSION),
            Self::AccessDenied { .. } | Self::NoToken { transient: false, .. } => true,
            Self::NoToken { .. } | Self::Stopped(_) | Self::NotA2a => false,
        }
    }

    /// Whether the agent does not support the called method. Then it has done nothing.
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::Rpc { code: METHOD_NOT_FOUND | UNSUPPORTED })
    }

    /// Over HTTP+JSON, a 404 at a method's URL means that the agent does not support the method.
    pub fn of_method(self) -> Self {
        match self {
            Self::Status { status: 404, .. } => Self::Rpc { code: METHOD_NOT_FOUND },
            other => other,
        }
    }

    /// Whether the agent does not support notifications. Then it has done nothing.
    pub fn is_without_notifications(&self) -> bool {
        matches!(self, Self::Rpc { code: NO_NOTIFICATIONS })
    }

    /// Whether the agent does not know the task.
    pub fn is_unknown_task(&self) -> bool {
        matches!(self, Self::Rpc { code: TASK_NOT_FOUND })
    }

    /// Whether the agent does not cancel the task, because it has ended or cannot be cancelled.
    pub fn is_not_cancelable(&self) -> bool {
        matches!(self, Self::Rpc { code: TASK_NOT_CANCELABLE | UNSUPPORTED })
    }

    /// The resulting failure of the job. `agent` is the agent's name in messages, `method` the called method.
    pub fn into_failure(self, agent: &str, method: &str) -> Failure {
        match self {
            Self::Stopped(stop) => stopped(&stop, agent),
            Self::Http(error) => error.into(),
            Self::Status { status, wait } => failed_status(status, wait, agent, method),
            Self::Rpc { code } => {
                let meaning = meaning(code);
                let message = format!("{agent} refused `{method}`: {meaning} (A2A error {code})");
                if is_definite(code) { Failure::Fatal(message) } else { Failure::Retry(message) }
            }
            Self::NotA2a => Failure::retry(format!("the response of {agent} to `{method}` is not A2A")),
            Self::AccessDenied { status, advice } => {
                Failure::fatal(format!("{agent} refused access ({status}): {advice}"))
            }
            Self::NoToken { message, transient: true } => Failure::Retry(message),
            Self::NoToken { message, transient: false } => Failure::Fatal(message),
        }
    }
}

/// For log lines. [`CallError::into_failure`] has the message for the job.
impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped(_) => f.write_str("the attempt has to end"),
            Self::Http(error) => write!(f, "{error}"),
            Self::Status { status, .. } => write!(f, "the response has status {status}"),
            Self::Rpc { code } => write!(f, "the response is A2A error {code}"),
            Self::NotA2a => f.write_str("the response is not A2A"),
            Self::AccessDenied { status, .. } => write!(f, "the agent refused access ({status})"),
            Self::NoToken { message, .. } => f.write_str(message),
        }
    }
}

/// The failure of an attempt that was stopped before it could do more.
fn stopped(stop: &Stop, agent: &str) -> Failure {
    match stop {
        Stop::Shutdown => Failure::defer(Duration::ZERO),
        Stop::Deferred => Failure::defer(MIN_WAIT),
        Stop::Cancelled(why) => Failure::fatal(format!("cancelled: {why}")),
        Stop::AttemptOver => Failure::retry(format!("{agent} did not answer within the attempt's time")),
        Stop::TimeoutOver => Failure::fatal(format!("{agent} did not finish within the job's `timeoutMs`")),
    }
}

fn failed_status(status: u16, wait: Option<Duration>, agent: &str, method: &str) -> Failure {
    match (status, wait) {
        (429, Some(wait)) => Failure::rate_limited(wait.clamp(MIN_WAIT, MAX_WAIT)),
        (429, None) => Failure::retry(format!("{agent} is overloaded (429)")),
        (401 | 403, _) => Failure::fatal(format!("{agent} refused access ({status})")),
        (404, _) => Failure::fatal(format!("{agent} was not found at its address (404): check the address")),
        (408, _) => Failure::retry(format!("{agent} did not receive the request in time (408)")),
        (300..400, _) => Failure::fatal(format!("{agent} has moved ({status}): set its new address")),
        (400..500, _) => Failure::fatal(format!("{agent} rejected the request `{method}` ({status})")),
        _ => Failure::retry(format!("{agent} failed to answer `{method}` ({status})")),
    }
}

/// Whether the error means that the agent will never accept this call. That holds for the errors of JSON-RPC itself and
/// for those that A2A defines, except an internal error (-32603) and an invalid reply (-32006). The other codes from
/// -32099 to -32000 are server-specific and may mean that the server is overloaded.
fn is_definite(code: i64) -> bool {
    matches!(code, -32700 | -32602..=-32600 | -32009..=-32001) && code != -32006
}

/// The meaning of a JSON-RPC error (-32700 to -32600) or an A2A error (-32001 to -32009).
fn meaning(code: i64) -> &'static str {
    match code {
        -32700 => "it could not parse the request",
        -32600 => "the request is invalid",
        METHOD_NOT_FOUND => "it does not know the method",
        -32602 => "the parameters are invalid",
        -32603 => "it has an internal error",
        TASK_NOT_FOUND => "it does not know the task",
        TASK_NOT_CANCELABLE => "the task cannot be cancelled",
        NO_NOTIFICATIONS => "it does not send notifications",
        UNSUPPORTED => "it does not support this",
        -32005 => "it does not support this kind of content",
        -32006 => "its reply is invalid",
        -32008 => "it requires an extension that this plugin does not have",
        WRONG_VERSION => "it does not support this version of A2A",
        -32099..=-32000 => "a server-defined error",
        _ => "an error that this plugin does not know",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(error: CallError) -> Failure {
        error.into_failure("agent x", "SendMessage")
    }

    #[test]
    fn a_refusal_is_fatal_unless_it_is_the_agents_own_error() {
        for code in [-32700, -32600, -32601, -32602, -32001, -32005, -32009] {
            assert!(matches!(failure(CallError::Rpc { code }), Failure::Fatal(_)), "{code}");
            assert!(CallError::Rpc { code }.is_refusal(), "{code}");
        }
        for code in [-32603, -32006, -32000, -32010, -32099, -32650, 1] {
            assert!(matches!(failure(CallError::Rpc { code }), Failure::Retry(_)), "{code}");
            assert!(!CallError::Rpc { code }.is_refusal(), "{code}");
        }
    }

    #[test]
    fn a_status_decides_whether_to_try_again() {
        let status = |status, wait| failure(CallError::Status { status, wait });
        for code in [301, 400, 401, 403, 404, 422] {
            assert!(matches!(status(code, None), Failure::Fatal(_)), "{code}");
        }
        for code in [408, 429, 500, 502, 503, 504] {
            assert!(matches!(status(code, None), Failure::Retry(_)), "{code}");
        }
        let thirty = Duration::from_secs(30);
        assert_eq!(status(429, Some(thirty)), Failure::rate_limited(thirty));
        assert!(matches!(status(503, Some(thirty)), Failure::Retry(_)), "the queue has other agents, too");
        assert_eq!(status(429, Some(Duration::ZERO)), Failure::rate_limited(MIN_WAIT));
        let days = Duration::from_secs(10 * 24 * 3600);
        assert_eq!(status(429, Some(days)), Failure::rate_limited(MAX_WAIT), "an agent cannot stop the queue for days");
    }

    #[test]
    fn only_what_cannot_have_arrived_counts_as_refused() {
        let refused = |status| CallError::Status { status, wait: None }.is_refusal();
        assert!(refused(429) && refused(401) && !refused(502) && !refused(408));
        let (origin, reason) = ("https://a".to_owned(), "so".to_owned());
        assert!(
            CallError::Http(HttpError::Unreachable { origin: origin.clone(), reason: reason.clone() }).is_refusal()
        );
        assert!(!CallError::Http(HttpError::Connection { origin, reason }).is_refusal());
    }

    #[test]
    fn a_question_is_asked_again_after_what_may_pass() {
        for status in [408, 429, 500, 502, 503] {
            assert!(CallError::Status { status, wait: None }.is_transient(), "{status}");
        }
        for status in [301, 400, 401, 403, 404] {
            assert!(!CallError::Status { status, wait: None }.is_transient(), "{status}");
        }
        assert!(
            CallError::Rpc { code: -32050 }.is_transient() && !CallError::Rpc { code: TASK_NOT_FOUND }.is_transient()
        );
        assert!(!CallError::Stopped(Stop::AttemptOver).is_transient());
    }

    #[test]
    fn the_error_of_a_gateway_is_not_an_answer_of_the_agent() {
        for status in [502, 504, 408] {
            assert!(!CallError::Status { status, wait: None }.is_answer(), "{status}");
        }
        assert!(
            CallError::Status { status: 503, wait: None }.is_answer() && CallError::Rpc { code: -32603 }.is_answer()
        );
        assert!(!CallError::NotA2a.is_answer() && !CallError::Stopped(Stop::AttemptOver).is_answer());
    }

    #[test]
    fn a_shutdown_gives_the_job_back_and_a_cancel_fails_it() {
        assert_eq!(failure(CallError::Stopped(Stop::Shutdown)), Failure::defer(Duration::ZERO));
        assert!(
            matches!(failure(CallError::Stopped(Stop::Cancelled("why".into()))), Failure::Fatal(text) if text.contains("why"))
        );
        assert!(matches!(failure(CallError::Stopped(Stop::AttemptOver)), Failure::Retry(_)));
    }
}
