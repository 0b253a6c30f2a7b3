//! Retries calls after transient errors: the agent restarts, or a gateway in front of it is overloaded.

use std::time::Duration;

use toril_plugin::log;

use crate::error::CallError;
use crate::watch::{Stop, Watch};

/// Backoff between retries. It doubles from the first value up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(15);
/// How many consecutive answers that are not A2A are attributed to a gateway. After that they count as the agent's own.
const NOT_A2A: u32 = 5;

/// Decides whether a call is retried.
#[derive(Debug)]
pub struct Retry<'a> {
    watch: &'a Watch,
    /// The agent's name in messages.
    agent: &'a str,
    /// The last error. `None` if the last call was answered.
    last_error: Option<CallError>,
    pause: Duration,
    not_a2a: u32,
}

impl<'a> Retry<'a> {
    pub fn new(agent: &'a str, watch: &'a Watch) -> Self {
        Self { watch, agent, last_error: None, pause: FIRST_PAUSE, not_a2a: 0 }
    }

    /// Calls until there is an answer, as long as the attempt has time.
    ///
    /// # Errors
    /// An error that is not transient, or the reason why the attempt must end.
    pub fn call<T>(mut self, mut call: impl FnMut() -> Result<T, CallError>) -> Result<T, CallError> {
        loop {
            match call() {
                Ok(answer) => return Ok(answer),
                Err(error) => self.wait(error)?,
            }
        }
    }

    /// Waits before the call is retried.
    ///
    /// # Errors
    /// An error that is not transient, or the reason why the attempt must end.
    pub fn wait(&mut self, error: CallError) -> Result<(), CallError> {
        self.not_a2a = if error == CallError::NotA2a { self.not_a2a + 1 } else { 0 };
        if !error.is_transient() || self.not_a2a > NOT_A2A {
            return Err(error);
        }
        if self.last_error.is_none() {
            log::warn(format_args!("call to {} failed, retrying: {error}", self.agent));
        }
        let pause = error.retry_after().unwrap_or_default().max(self.pause);
        self.last_error = Some(error);
        self.pause = (self.pause * 2).min(LAST_PAUSE);
        self.watch.pause(pause).map_err(Stop::into)
    }

    /// Records that a call was answered, and resets the backoff.
    pub fn answered(&mut self) {
        if self.last_error.take().is_some() {
            log::info(format_args!("{} answers calls again", self.agent));
        }
        (self.pause, self.not_a2a) = (FIRST_PAUSE, 0);
    }

    /// Whether the last call failed.
    pub fn is_failing(&self) -> bool {
        self.last_error.is_some()
    }
}

#[cfg(test)]
mod tests {
    use toril_plugin::clock;

    use super::*;

    #[test]
    fn a_permanent_error_is_returned_at_once() {
        let watch = Watch::new(None, clock::now());
        let mut retry = Retry::new("agent x", &watch);
        for error in [CallError::Rpc { code: -32001 }, CallError::Status { status: 401, wait: None }] {
            assert_eq!(retry.wait(error.clone()), Err(error));
        }
    }

    #[test]
    fn a_question_is_asked_until_it_is_answered() {
        let watch = Watch::new(None, clock::now());
        let mut asked = 0;
        let answer = Retry::new("agent x", &watch).call(|| {
            asked += 1;
            if asked < 2 { Err(CallError::Status { status: 503, wait: None }) } else { Ok(asked) }
        });
        assert_eq!(answer, Ok(2));
    }

    #[test]
    fn the_end_of_the_attempt_ends_the_waiting() {
        let watch = Watch::new(Some(Duration::ZERO), clock::now());
        let mut retry = Retry::new("agent x", &watch);
        let busy = CallError::Status { status: 503, wait: Some(Duration::from_secs(3600)) };
        assert_eq!(retry.wait(busy), Err(CallError::Stopped(Stop::TimeoutOver)));
        assert!(retry.is_failing());
    }
}
