//! An open connection.

use std::io::{self, Read, Write};
use std::time::Duration;

use super::TcpError;
use super::host::Channel;
use super::target::Target;

/// An open connection. Dropping it closes it, after the bytes that were written are sent.
pub struct TcpStream {
    channel: Channel,
    target: Target,
    timeout: Option<Duration>,
}

impl TcpStream {
    pub(super) fn new(channel: Channel, target: Target) -> Self {
        Self { channel, target, timeout: None }
    }

    /// Limits how long each read and each write waits. Without a limit they wait until the attempt's deadline.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.timeout = timeout;
    }

    /// Reads bytes that have arrived, and waits for at least one. 0: the server sends no more.
    ///
    /// # Errors
    /// If the connection broke, or the timeout has passed.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, TcpError> {
        self.channel.read(&self.target, buffer, self.timeout)
    }

    /// Writes all bytes. They may not have been sent when this returns.
    ///
    /// # Errors
    /// If the connection broke, or the timeout has passed.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), TcpError> {
        self.channel.write(&self.target, bytes, self.timeout)
    }

    /// Waits until all bytes are sent.
    ///
    /// # Errors
    /// If the connection broke, or the timeout has passed.
    pub fn flush(&mut self) -> Result<(), TcpError> {
        self.channel.flush(&self.target, self.timeout)
    }

    /// Tells the server that no more bytes follow. Reading goes on.
    ///
    /// # Errors
    /// If the connection broke.
    pub fn end_writing(&mut self) -> Result<(), TcpError> {
        self.channel.end_writing(&self.target)
    }

    /// Encrypts the connection, as after the answer to `STARTTLS`. The host checks that the server's certificate is for
    /// the host that the plugin has connected to. Read everything that the server has sent before: further bytes are an
    /// error. A connection that is encrypted stays as it is.
    ///
    /// # Errors
    /// [`TcpError::Tls`] if the handshake failed. The connection is closed then.
    pub fn start_tls(self) -> Result<Self, TcpError> {
        let Self { channel, target, timeout } = self;
        let channel = channel.start_tls(&target, timeout)?;
        Ok(Self { channel, target, timeout })
    }
}

impl Read for TcpStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(Self::read(self, buffer)?)
    }
}

impl Write for TcpStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::write_all(self, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(Self::flush(self)?)
    }
}
