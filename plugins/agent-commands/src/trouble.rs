//! Why a call came to nothing, and what that means for the job. No message quotes what the agent says: that is payload.

use std::time::Duration;

use toril_plugin::Failure;
use toril_plugin::http::HttpError;

use crate::watch::Stop;

/// The shortest time for which a queue is limited.
const MIN_WAIT: Duration = Duration::from_secs(1);

/// Errors of JSON-RPC and of A2A that are told apart here.
pub const METHOD_NOT_FOUND: i64 = -32601;
const TASK_NOT_FOUND: i64 = -32001;
const TASK_NOT_CANCELABLE: i64 = -32002;
const NO_NOTIFICATIONS: i64 = -32003;
const UNSUPPORTED: i64 = -32004;
const WRONG_VERSION: i64 = -32009;

/// Why a call came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The attempt has to end.
    Stopped(Stop),
    /// There was no answer.
    Http(HttpError),
    /// The answer's status is none of success.
    Status { status: u16, wait: Option<Duration> },
    /// An error of JSON-RPC or A2A. Over HTTP+JSON, too, errors have the codes that they have over JSON-RPC.
    Rpc { code: i64 },
    /// The answer is not A2A.
    NotA2a,
    /// The agent does not let the caller in, and what to do about that.
    Refused { status: u16, advice: String },
    /// The call was not sent, as there is no token for it. The message says why.
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
    /// Whether a message has certainly not been taken by the agent.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Http(error) => error.is_unsent(),
            // A gateway's 5xx says nothing about what is behind it, and so does 408.
            Self::Status { status, .. } => *status < 500 && *status != 408,
            Self::Rpc { code } => is_clear(*code),
            Self::Refused { .. } | Self::NoToken { .. } => true,
            Self::Stopped(_) | Self::NotA2a => false,
        }
    }

    /// Whether a question may be answered when it is asked again in a moment. What is no A2A counts, too: gateways
    /// answer with a page of their own while the agent behind them restarts.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Stopped(_) => false,
            // A name can lead to another address the next time, but hardly within one attempt.
            Self::Http(HttpError::Prohibited { .. } | HttpError::TooLarge { .. }) => false,
            Self::Http(error) => !error.is_permanent(),
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..),
            Self::Rpc { code } => !is_clear(*code),
            Self::Refused { .. } => false,
            Self::NoToken { may_pass, .. } => *may_pass,
            Self::NotA2a => true,
        }
    }

    /// Whether the call is over at the agent: it has answered, or a server in front of it has that passed nothing on. After
    /// anything else the agent may still be busy with what was sent.
    pub fn is_answer(&self) -> bool {
        match self {
            // 502 and 504 are a gateway's: it has waited for the agent, and does not know what came of it.
            Self::Status { status, .. } => !matches!(status, 408 | 502 | 504),
            Self::Rpc { .. } | Self::Refused { .. } => true,
            Self::Stopped(_) | Self::Http(_) | Self::NotA2a | Self::NoToken { .. } => false,
        }
    }

    /// How long the agent asks to be left alone.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Status { wait, .. } => *wait,
            _ => None,
        }
    }

    /// Whether there is no agent's card at the address: nothing, nothing that can be read, or a page for people.
    pub fn is_no_card(&self) -> bool {
        matches!(self, Self::Status { status: 404 | 405 | 410, .. } | Self::NotA2a)
    }

    /// Whether another card of the agent would explain it: the agent may be elsewhere now, or speak otherwise.
    pub fn may_be_an_old_card(&self) -> bool {
        match self {
            Self::Http(error) => error.is_unsent(),
            Self::Status { status, .. } => matches!(status, 300..400 | 404 | 405 | 410),
            Self::Rpc { code } => matches!(*code, METHOD_NOT_FOUND | WRONG_VERSION),
            Self::Refused { .. } | Self::NoToken { may_pass: false, .. } => true,
            Self::NoToken { .. } | Self::Stopped(_) | Self::NotA2a => false,
        }
    }

    /// What happened, for a log line.
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

    /// Whether the agent does not have what was called, and did nothing.
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::Rpc { code: METHOD_NOT_FOUND | UNSUPPORTED })
    }

    /// Over HTTP+JSON: a method that is not at its address is none that the agent has.
    pub fn of_method(self) -> Self {
        match self {
            Self::Status { status: 404, .. } => Self::Rpc { code: METHOD_NOT_FOUND },
            other => other,
        }
    }

    /// Whether the agent does not send notifications, and did nothing.
    pub fn is_without_notifications(&self) -> bool {
        matches!(self, Self::Rpc { code: NO_NOTIFICATIONS })
    }

    /// Whether the agent does not know the task.
    pub fn is_unknown_task(&self) -> bool {
        matches!(self, Self::Rpc { code: TASK_NOT_FOUND })
    }

    /// Whether the agent does not cancel the task, as it has ended or cannot be.
    pub fn is_not_cancelable(&self) -> bool {
        matches!(self, Self::Rpc { code: TASK_NOT_CANCELABLE | UNSUPPORTED })
    }

    /// What it means for the job. `agent` is what messages call it, `method` what was called.
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

/// The end of an attempt that nothing more could be done about.
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

/// Whether an error says that the agent will never accept the call as it is. These are errors of JSON-RPC itself and those
/// that A2A defines. The other codes from -32099 to -32000 are each server's own: they may mean that it is overloaded.
fn is_clear(code: i64) -> bool {
    matches!(code, -32700 | -32602..=-32600 | -32009..=-32001) && code != -32006
}

/// What an error of JSON-RPC (-32700 to -32600) or of A2A (-32001 to -32009) means.
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
