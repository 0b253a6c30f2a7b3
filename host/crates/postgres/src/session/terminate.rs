//! The end of a session whose statement goes on in spite of the requests to cancel it: a function can catch them.
//!
//! A closed socket does not end such a statement. It would keep its locks, and its place among the server's connections.

use std::sync::Arc;

use super::Session;
use super::exchange::{CANCEL, Lost};
use super::stop::Stop;
use crate::cancel::Canceller;
use crate::error::Error;

impl Session {
    /// Where the server's process is that runs a statement on. None: the session needs only to be closed.
    pub(crate) fn runs_on(&self) -> Option<Arc<Canceller>> {
        self.runs_on.then(|| self.canceller.clone())
    }

    /// Ends the process of another session of the same role. It is left alone if it is idle: it may be somebody else's by now.
    pub(crate) async fn terminate(&mut self, process_id: i32) -> Result<(), Error> {
        let statement = format!(
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
             WHERE pid = {process_id} AND usename = SESSION_USER AND state <> 'idle'"
        );
        let ended = self.run_all(&statement, &Stop::after(CANCEL)).await;
        ended.unwrap_or_else(|Lost(error)| Err(error)).map(drop)
    }
}
