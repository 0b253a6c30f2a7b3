//! Why a request is refused. Neither the response nor the log contains any part of a body, a signature or a secret.

use axum::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use std::time::Duration;

use crate::changes::Unanswered;
use crate::problem::Problem;
use toril_bullmq::admin::AdminError;
use toril_job::Rate;

/// The number of log lines about refused requests per minute.
const LOGGED: u32 = 10;
/// The value of `Retry-After`, in seconds.
const RETRY: HeaderValue = HeaderValue::from_static("10");

/// Why a request is refused.
#[derive(Debug)]
pub enum Refusal {
    /// Its `Host` is not valid for this server.
    WrongName(&'static str),
    /// It is not a POST.
    WrongMethod,
    /// The signature is missing or wrong. The reason is only for the log.
    NotSigned(&'static str),
    /// The token of the callback is missing or wrong.
    NoToken,
    /// Its body is larger than this number of bytes.
    TooLarge(u64),
    /// Its body took too long to arrive.
    TooSlow,
    /// Its body is incomplete.
    Broken,
    /// The memory for bodies is used up, or too many callbacks are waiting.
    Busy,
    /// The request is malformed.
    Malformed(&'static str),
    /// The body does not contain what the job needs.
    Unusable(String),
    /// The queue or the job does not exist.
    Missing(String),
    /// The job is still active.
    StillActive,
    /// The queue side returned an error.
    Admin(AdminError),
    /// The change has no outcome, or none that is known yet.
    Unanswered(Unanswered),
}

impl Refusal {
    /// The result's name in the metrics.
    pub fn result(&self) -> &'static str {
        match self {
            Self::NotSigned(_) | Self::NoToken => "unauthorized",
            Self::TooLarge(_) => "too-large",
            Self::Missing(_) | Self::Admin(AdminError::NoJob { .. } | AdminError::NoQueue { .. }) => "not-found",
            Self::Busy | Self::StillActive | Self::Unanswered(_) | Self::Admin(AdminError::Redis(_)) => "unavailable",
            Self::WrongName(_)
            | Self::WrongMethod
            | Self::TooSlow
            | Self::Broken
            | Self::Malformed(_)
            | Self::Unusable(_)
            | Self::Admin(_) => "invalid",
        }
    }

    /// Whether the sender had proved that it knows the secret before the request was refused.
    fn is_authenticated(&self) -> bool {
        match self {
            Self::WrongName(_)
            | Self::WrongMethod
            | Self::NotSigned(_)
            | Self::NoToken
            | Self::TooLarge(_)
            | Self::TooSlow
            | Self::Broken
            | Self::Busy => false,
            Self::Malformed(_)
            | Self::Unusable(_)
            | Self::Missing(_)
            | Self::StillActive
            | Self::Admin(_)
            | Self::Unanswered(_) => true,
        }
    }

    /// The reason for the log, which only the operator reads.
    pub fn reason(&self) -> String {
        match self {
            Self::NotSigned(why) => (*why).to_owned(),
            Self::NoToken => "the token is missing or wrong".to_owned(),
            Self::Busy => "too many requests in progress".to_owned(),
            other => other.problem().0.detail().to_owned(),
        }
    }

    fn problem(&self) -> (Problem, Option<(HeaderName, HeaderValue)>) {
        let retry = Some((RETRY_AFTER, RETRY));
        let plain = |status, detail: &str| (Problem::new(status, detail), None);
        match self {
            Self::WrongName(why) => plain(StatusCode::FORBIDDEN, why),
            Self::WrongMethod => {
                let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path accepts only POST requests");
                (problem, Some((ALLOW, HeaderValue::from_static("POST"))))
            }
            Self::NotSigned(_) => {
                plain(StatusCode::UNAUTHORIZED, "the request is not signed with this webhook's secret")
            }
            Self::NoToken => {
                let problem = Problem::new(StatusCode::UNAUTHORIZED, "the request does not show this callback's token");
                (problem, Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"toril-callbacks\""))))
            }
            Self::TooLarge(most) => {
                plain(StatusCode::PAYLOAD_TOO_LARGE, &format!("the body is larger than {most} bytes"))
            }
            Self::TooSlow => plain(StatusCode::REQUEST_TIMEOUT, "the body took longer than 20 s"),
            Self::Broken => plain(StatusCode::BAD_REQUEST, "the body ended too early"),
            Self::Busy => {
                (Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many requests in progress; try again later"), retry)
            }
            Self::Malformed(why) => plain(StatusCode::BAD_REQUEST, why),
            Self::Unusable(why) => plain(StatusCode::UNPROCESSABLE_ENTITY, why),
            Self::Missing(why) => plain(StatusCode::NOT_FOUND, why),
            Self::StillActive => {
                (Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the job is still active; try again later"), retry)
            }
            Self::Admin(AdminError::Redis(_)) => {
                (Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Redis does not answer; try again later"), retry)
            }
            Self::Admin(AdminError::NoJob { .. } | AdminError::NoQueue { .. } | AdminError::NoScheduler { .. }) => {
                plain(StatusCode::NOT_FOUND, "the queue or the job does not exist")
            }
            Self::Admin(error @ AdminError::Conflict(_)) => plain(StatusCode::CONFLICT, &error.to_string()),
            Self::Admin(error @ AdminError::Invalid(_)) => plain(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
            Self::Unanswered(Unanswered::Failed) => {
                plain(StatusCode::INTERNAL_SERVER_ERROR, "internal error; the log of the host has the details")
            }
            Self::Unanswered(Unanswered::Full) => {
                (Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many changes in progress; try again later"), retry)
            }
            Self::Unanswered(Unanswered::Closing) => {
                (Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the host is shutting down; try again later"), retry)
            }
            Self::Unanswered(Unanswered::Late) => {
                (Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Redis does not answer in time; try again later"), retry)
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (problem, header) = self.problem();
        let mut answer = problem.into_response();
        answer.headers_mut().extend(header);
        answer
    }
}

/// The limit of log lines per minute, because anyone can cause them. Authenticated requests have a limit of their own,
/// so that a flood of other requests cannot hide that, for example, Redis is away.
pub struct LogLimits {
    authenticated: Rate,
    others: Rate,
}

impl LogLimits {
    pub fn new() -> Self {
        let limit = || Rate::new(LOGGED, Duration::from_secs(60));
        Self { authenticated: limit(), others: limit() }
    }

    pub fn take(&self, refusal: &Refusal) -> Option<u32> {
        if refusal.is_authenticated() { self.authenticated.take() } else { self.others.take() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_nothing_of_what_is_wrong_with_a_signature() {
        let (problem, _) = Refusal::NotSigned("the timestamp is too old").problem();
        assert!(!problem.detail().contains("timestamp"));
        assert_eq!(Refusal::NotSigned("the timestamp is too old").reason(), "the timestamp is too old");
    }

    #[test]
    fn a_flood_of_unsigned_requests_does_not_hide_an_outage_from_the_log() {
        let limits = LogLimits::new();
        let lines = (0..100).filter_map(|_| limits.take(&Refusal::NotSigned("the signature is wrong"))).count();
        assert_eq!(lines, 10);
        assert_eq!(limits.take(&Refusal::Unanswered(Unanswered::Late)), Some(LOGGED - 1));
    }

    #[test]
    fn what_may_succeed_later_says_when() {
        for later in [
            Refusal::Busy,
            Refusal::StillActive,
            Refusal::Unanswered(Unanswered::Late),
            Refusal::Unanswered(Unanswered::Full),
            Refusal::Unanswered(Unanswered::Closing),
        ] {
            assert_eq!(later.result(), "unavailable");
            let answer = later.into_response();
            assert_eq!((answer.status().as_u16(), answer.headers().get(RETRY_AFTER)), (503, Some(&RETRY)));
        }
    }
}
