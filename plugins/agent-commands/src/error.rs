//! Why a call failed, and what that means for the job. No message quotes the agent's text, because it may contain
//! payload.

use std::time::Duration;

use toril_plugin::Failure;
use toril_plugin::http::HttpError;

use crate::watch::Stop;

/// Minimum time for which a queue is rate-limited.
const MIN_WAIT: Duration = Duration::from_secs(1);

/// The JSON-RPC and A2A error codes that need separate handling.
pub const METHOD_NOT_FOUND: i64 = -32601;
const TASK_NOT_FOUND: i64 = -32001;
const TASK_NOT_CANCELABLE: i64 = -32002;
const NO_NOTIFICATIONS: i64 = -32003;
const UNSUPPORTED: i64 = -32004;
const WRONG_VERSION: i64 = -32009;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
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
    Refused { status: u16, advice: String },
    /// The call was not sent because no token could be obtained. The message explains why.
    NoToken { message: String, may_pass: bool },
}

impl From<HttpError> for Trouble {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

impl From<Stop> for Trouble {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

impl Trouble {
    /// Whether the agent has certainly not accepted a message.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Http(error) => error.is_unsent(),
            // A gateway's 5xx says nothing about the agent behind it. Neither does 408.
            Self::Status { status, .. } => *status < 500 && *status != 408,
            Self::Rpc { code } => is_clear(*code),
            Self::Refused { .. } | Self::NoToken { .. } => true,
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
            Self::Rpc { code } => !is_clear(*code),
            Self::Refused { .. } => false,
            Self::NoToken { may_pass, .. } => *may_pass,
            Self::NotA2a => true,
        }
    }

    /// Whether the call has ended at the agent: the agent has responded, or a server in front of it that forwarded
    /// nothing. After any other error the agent may still be processing the call.
    pub fn is_answer(&self) -> bool {
        match self {
            // 502 and 504 come from a gateway that has waited for the agent and does not know the outcome.
            Self::Status { status, .. } => !matches!(status, 408 | 502 | 504),
            Self::Rpc { .. } | Self::Refused { .. } => true,
            Self::Stopped(_) | Self::Http(_) | Self::NotA2a | Self::NoToken { .. } => false,
        }
    }

    /// The `Retry-After` of the agent.
    pub fn wait(&self) -> Option<Duration> {
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
            Self::Refused { .. } | Self::NoToken { may_pass: false, .. } => true,
            Self::NoToken { .. } | Self::Stopped(_) | Self::NotA2a => false,
        }
    }

    /// Describes the error for a log line.
    pub fn told(&self) -> String {
        match self {
            Self::Stopped(_) => "the attempt has to end".into(),
            Self::Http(error) => error.to_string(),
            Self::Status { status, .. } => format!("it answered with status {status}"),
            Self::Rpc { code } => format!("it answered with A2A error {code}"),
            Self::NotA2a => "its answer is not A2A".into(),
            Self::Refused { status, .. } => format!("it refused access ({status})"),
            Self::NoToken { message, .. } => message.clone(),
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
            Self::Status { status, wait } => refused(status, wait, agent, method),
            Self::Rpc { code } => {
                let meaning = meaning(code);
                let message = format!("{agent} refused `{method}`: {meaning} (A2A error {code})");
                if is_clear(code) { Failure::Fatal(message) } else { Failure::Retry(message) }
            }
            Self::NotA2a => Failure::retry(format!("{agent} answered `{method}` with what is no A2A")),
            Self::Refused { status, advice } => Failure::fatal(format!("{agent} refused access ({status}): {advice}")),
            Self::NoToken { message, may_pass: true } => Failure::Retry(message),
            Self::NoToken { message, may_pass: false } => Failure::Fatal(message),
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
        Stop::TimeoutOver => Failure::fatal(format!("{agent} had not finished within the job's `timeoutMs`")),
    }
}

fn refused(status: u16, wait: Option<Duration>, agent: &str, method: &str) -> Failure {
    match (status, wait) {
        (429, Some(wait)) => Failure::rate_limited(wait.max(MIN_WAIT)),
        (429, None) => Failure::retry(format!("{agent} has too much to do (429)")),
        (401 | 403, _) => Failure::fatal(format!("{agent} refused access ({status})")),
        (404, _) => Failure::fatal(format!("there is nothing at the address of {agent} (404): check it")),
        (408, _) => Failure::retry(format!("{agent} gave up waiting for the request (408)")),
        (300..400, _) => {
            Failure::fatal(format!("{agent} is at another address ({status}): set the one that it has now"))
        }
        (400..500, _) => Failure::fatal(format!("{agent} does not take the request `{method}` ({status})")),
        _ => Failure::retry(format!("{agent} could not answer `{method}` ({status})")),
    }
}

/// Whether the error means that the agent will never accept this call. That holds for the errors of JSON-RPC itself and
/// for those that A2A defines, except an internal error (-32603) and an invalid reply (-32006). The other codes from
/// -32099 to -32000 are server-specific and may mean that the server is overloaded.
fn is_clear(code: i64) -> bool {
    matches!(code, -32700 | -32602..=-32600 | -32009..=-32001) && code != -32006
}

/// The meaning of a JSON-RPC error (-32700 to -32600) or an A2A error (-32001 to -32009).
fn meaning(code: i64) -> &'static str {
    match code {
        -32700 => "it could not read the request",
        -32600 => "it takes the request for invalid",
        METHOD_NOT_FOUND => "it does not know the method",
        -32602 => "it does not take the parameters",
        -32603 => "it has an internal error",
        TASK_NOT_FOUND => "it does not know the task",
        TASK_NOT_CANCELABLE => "the task cannot be cancelled",
        NO_NOTIFICATIONS => "it does not send notifications",
        UNSUPPORTED => "it does not support this",
        -32005 => "it does not support this kind of content",
        -32006 => "what it replied is not valid",
        -32008 => "it requires an extension that this plugin does not have",
        WRONG_VERSION => "it does not support this version of A2A",
        -32099..=-32000 => "the server has a reason of its own",
        _ => "it gave no reason that this plugin knows",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(trouble: Trouble) -> Failure {
        trouble.into_failure("agent x", "SendMessage")
    }

    #[test]
    fn a_refusal_is_fatal_unless_it_is_the_agents_own_trouble() {
        for code in [-32700, -32600, -32601, -32602, -32001, -32005, -32009] {
            assert!(matches!(failure(Trouble::Rpc { code }), Failure::Fatal(_)), "{code}");
            assert!(Trouble::Rpc { code }.is_refusal(), "{code}");
        }
        for code in [-32603, -32006, -32000, -32010, -32099, -32650, 1] {
            assert!(matches!(failure(Trouble::Rpc { code }), Failure::Retry(_)), "{code}");
            assert!(!Trouble::Rpc { code }.is_refusal(), "{code}");
        }
    }

    #[test]
    fn a_status_decides_whether_to_try_again() {
        let status = |status, wait| failure(Trouble::Status { status, wait });
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
    }

    #[test]
    fn only_what_cannot_have_arrived_counts_as_refused() {
        let refused = |status| Trouble::Status { status, wait: None }.is_refusal();
        assert!(refused(429) && refused(401) && !refused(502) && !refused(408));
        let (origin, reason) = ("https://a".to_owned(), "so".to_owned());
        assert!(Trouble::Http(HttpError::Unreachable { origin: origin.clone(), reason: reason.clone() }).is_refusal());
        assert!(!Trouble::Http(HttpError::Connection { origin, reason }).is_refusal());
    }

    #[test]
    fn a_question_is_asked_again_after_what_may_pass() {
        for status in [408, 429, 500, 502, 503] {
            assert!(Trouble::Status { status, wait: None }.is_transient(), "{status}");
        }
        for status in [301, 400, 401, 403, 404] {
            assert!(!Trouble::Status { status, wait: None }.is_transient(), "{status}");
        }
        assert!(Trouble::Rpc { code: -32050 }.is_transient() && !Trouble::Rpc { code: TASK_NOT_FOUND }.is_transient());
        assert!(!Trouble::Stopped(Stop::AttemptOver).is_transient());
    }

    #[test]
    fn a_gateway_that_gave_up_is_no_answer_of_the_agent() {
        for status in [502, 504, 408] {
            assert!(!Trouble::Status { status, wait: None }.is_answer(), "{status}");
        }
        assert!(Trouble::Status { status: 503, wait: None }.is_answer() && Trouble::Rpc { code: -32603 }.is_answer());
        assert!(!Trouble::NotA2a.is_answer() && !Trouble::Stopped(Stop::AttemptOver).is_answer());
    }

    #[test]
    fn a_shutdown_gives_the_job_back_and_a_cancel_fails_it() {
        assert_eq!(failure(Trouble::Stopped(Stop::Shutdown)), Failure::defer(Duration::ZERO));
        assert!(
            matches!(failure(Trouble::Stopped(Stop::Cancelled("why".into()))), Failure::Fatal(text) if text.contains("why"))
        );
        assert!(matches!(failure(Trouble::Stopped(Stop::AttemptOver)), Failure::Retry(_)));
    }
}
