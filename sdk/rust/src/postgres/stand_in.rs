//! Outside of a component there is no database. `connect` says so, and no other value of these types exists.

use std::convert::Infallible;

use super::answer::Answer;
use super::{Parameter, PostgresError};

pub(super) struct Session(Infallible);

impl Session {
    pub(super) fn connect(pool: &str) -> Result<Self, PostgresError> {
        Err(PostgresError::Unavailable(format!(
            "pool {pool}: outside of a component there is no database. `toril plugin test --postgres {pool}=URL` runs a job with one"
        )))
    }

    pub(super) fn ready(&self) -> Call {
        match self.0 {}
    }

    pub(super) fn query(&self, _statement: &str, _parameters: Vec<Parameter>) -> Call {
        match self.0 {}
    }

    pub(super) fn batch(&self, _statements: &str) -> Call {
        match self.0 {}
    }

    pub(super) fn open_cursor(&self, _statement: &str, _parameters: Vec<Parameter>) -> RawCursor {
        match self.0 {}
    }

    pub(super) fn server_settings(&self) -> Vec<(String, String)> {
        match self.0 {}
    }
}

pub(super) struct RawCursor(Infallible);

impl RawCursor {
    pub(super) fn read(&self, _rows: u32) -> Call {
        match self.0 {}
    }
}

pub(super) struct Call(Infallible);

impl Call {
    pub(super) fn is_ended(&self) -> bool {
        match self.0 {}
    }

    pub(super) fn wait(self) -> Result<Vec<Answer>, PostgresError> {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn outside_of_a_component_there_is_no_database_and_the_error_says_so() {
        let error = crate::postgres::connect("main").err().expect("no database");
        assert!(error.to_string().contains("--postgres main=URL"), "{error}");
        assert!(!error.is_permanent());
    }
}
