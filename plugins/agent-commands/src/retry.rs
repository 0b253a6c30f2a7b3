//! Retries calls after transient errors: the agent restarts, or a gateway in front of it is overloaded.

use std::time::Duration;

use toril_plugin::log;

use crate::error::Trouble;
use crate::watch::{Stop, Watch};

/// Backoff between retries. It doubles from the first value up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(15);
/// How many consecutive answers that are not A2A are attributed to a gateway. After that they count as the agent's own.
const NOT_A2A: u32 = 5;

/// Decides whether a call is retried.
#[derive(Debug)]
pub struct Again<'a> {
    watch: &'a Watch,
    /// The agent's name in messages.
    agent: &'a str,
    /// The last error. `None` if the last call was answered.
    trouble: Option<Trouble>,
    pause: Duration,
    not_a2a: u32,
}

impl<'a> Again<'a> {
    pub fn new(agent: &'a str, watch: &'a Watch) -> Self {
        Self { watch, agent, trouble: None, pause: FIRST_PAUSE, not_a2a: 0 }
    }

    /// Calls until there is an answer, as long as the attempt has time.
    ///
    /// # Errors
    /// An error that is not transient, or the reason why the attempt must end.
    pub fn ask<T>(mut self, mut question: impl FnMut() -> Result<T, Trouble>) -> Result<T, Trouble> {
        loop {
            match question() {
                Ok(answer) => return Ok(answer),
                Err(trouble) => self.wait(trouble)?,
            }
        }
    }

    /// Waits before the call is retried.
    ///
    /// # Errors
    /// An error that is not transient, or the reason why the attempt must end.
    pub fn wait(&mut self, trouble: Trouble) -> Result<(), Trouble> {
        self.not_a2a = if trouble == Trouble::NotA2a { self.not_a2a + 1 } else { 0 };
        if !trouble.is_transient() || self.not_a2a > NOT_A2A {
            return Err(trouble);
        }
        if self.trouble.is_none() {
            log::warn(format_args!("{} has trouble, and is asked again: {}", self.agent, trouble.told()));
        }
        let pause = trouble.wait().unwrap_or_default().max(self.pause);
        self.trouble = Some(trouble);
        self.pause = (self.pause * 2).min(LAST_PAUSE);
        self.watch.pause(pause).map_err(Stop::into)
    }

    /// Records that a call was answered, and resets the backoff.
    pub fn answered(&mut self) {
        if self.trouble.take().is_some() {
            log::info(format_args!("{} answers again", self.agent));
        }
        (self.pause, self.not_a2a) = (FIRST_PAUSE, 0);
    }

    /// Whether the last call failed.
    pub fn is_in_trouble(&self) -> bool {
        self.trouble.is_some()
    }
}

#[cfg(test)]
mod tests {
    use toril_plugin::clock;

    use super::*;

    #[test]
    fn trouble_that_does_not_pass_is_given_back_at_once() {
        let watch = Watch::new(None, clock::now());
        let mut again = Again::new("agent x", &watch);
        for trouble in [Trouble::Rpc { code: -32001 }, Trouble::Status { status: 401, wait: None }] {
            assert_eq!(again.wait(trouble.clone()), Err(trouble));
        }
    }

    #[test]
    fn a_question_is_asked_until_it_is_answered() {
        let watch = Watch::new(None, clock::now());
        let mut asked = 0;
        let answer = Again::new("agent x", &watch).ask(|| {
            asked += 1;
            if asked < 2 { Err(Trouble::Status { status: 503, wait: None }) } else { Ok(asked) }
        });
        assert_eq!(answer, Ok(2));
    }

    #[test]
    fn the_end_of_the_attempt_ends_the_waiting() {
        let watch = Watch::new(Some(Duration::ZERO), clock::now());
        let mut again = Again::new("agent x", &watch);
        let busy = Trouble::Status { status: 503, wait: Some(Duration::from_secs(3600)) };
        assert_eq!(again.wait(busy), Err(Trouble::Stopped(Stop::TimeoutOver)));
        assert!(again.is_in_trouble());
    }
}
