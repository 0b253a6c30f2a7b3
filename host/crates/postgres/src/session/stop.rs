//! When a statement must stop: its limit is reached, or nobody waits for it any more.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::error::Error;

/// When a statement must stop.
pub(crate) struct Stop<'a> {
    until: Instant,
    /// What `until` comes from, for the error.
    limit: Limit,
    /// Nobody waits for the statement any more.
    dropped: Option<&'a CancellationToken>,
}

enum Limit {
    Statement(Duration),
    Attempt,
}

/// Why a statement was stopped.
#[derive(Clone, Debug)]
pub(crate) enum Stopped {
    /// Its limit was reached.
    Timeout(Error),
    /// Nobody waits for it.
    Dropped,
}

impl<'a> Stop<'a> {
    /// The smaller of the limit of a statement and the end of the attempt.
    pub(crate) fn new(limit: Duration, deadline: Instant, dropped: &'a CancellationToken) -> Self {
        let until = Instant::now() + limit;
        let dropped = Some(dropped);
        if deadline < until {
            Self { until: deadline, limit: Limit::Attempt, dropped }
        } else {
            Self { until, limit: Limit::Statement(limit), dropped }
        }
    }

    /// A limit for the host's own statements.
    pub(crate) fn after(limit: Duration) -> Stop<'static> {
        Stop { until: Instant::now() + limit, limit: Limit::Statement(limit), dropped: None }
    }

    /// Waits until the statement must stop.
    pub(crate) async fn reached(&self) -> Stopped {
        let dropped = async {
            match self.dropped {
                Some(token) => token.cancelled().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = dropped => Stopped::Dropped,
            () = tokio::time::sleep_until(self.until) => Stopped::Timeout(self.error()),
        }
    }

    fn error(&self) -> Error {
        Error::Timeout(match self.limit {
            Limit::Statement(limit) => {
                format!("the statement ran longer than {limit:?} (statement_timeout), and the host cancelled it")
            }
            Limit::Attempt => "the attempt's time ended while the statement ran, and the host cancelled it".to_owned(),
        })
    }
}

impl Stopped {
    /// The error of the statement.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Timeout(error) => error,
            Self::Dropped => dropped(),
        }
    }
}

/// The error of a call that nobody waits for.
pub(crate) fn dropped() -> Error {
    Error::Invalid("the call was dropped, and the host cancelled its statement".to_owned())
}
