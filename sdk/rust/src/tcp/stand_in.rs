//! Outside of a component there is no server. `connect` says so, and no other value of these types exists.

use std::convert::Infallible;
use std::time::Duration;

use super::TcpError;
use super::target::Target;

pub(super) struct Channel(Infallible);

impl Channel {
    pub(super) fn connect(target: &Target, _timeout: Option<Duration>) -> Result<Self, TcpError> {
        let server = target.shown.clone();
        let reason = format!(
            "outside of a component there are no connections. `toril plugin test --tcp {server}` runs a job with them"
        );
        Err(TcpError::Unreachable { server, reason })
    }

    pub(super) fn read(&self, _: &Target, _: &mut [u8], _: Option<Duration>) -> Result<usize, TcpError> {
        match self.0 {}
    }

    pub(super) fn write(&self, _: &Target, _: &[u8], _: Option<Duration>) -> Result<(), TcpError> {
        match self.0 {}
    }

    pub(super) fn flush(&self, _: &Target, _: Option<Duration>) -> Result<(), TcpError> {
        match self.0 {}
    }

    pub(super) fn end_writing(&self, _: &Target) -> Result<(), TcpError> {
        match self.0 {}
    }

    pub(super) fn start_tls(self, _: &Target, _: Option<Duration>) -> Result<Self, TcpError> {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn outside_of_a_component_there_is_no_server_and_the_error_says_so() {
        let error = crate::tcp::connect("a.example:25").err().expect("no server");
        assert!(error.to_string().contains("--tcp a.example:25"), "{error}");
        assert!(!error.is_permanent());
    }
}
