//! Connection strings, as libpq reads them: where servers are, and as whom to connect. An error never repeats the text, because
//! it holds a password.

mod options;
mod pairs;
#[cfg(test)]
mod tests;
mod url;

use std::path::PathBuf;
use std::time::Duration;

/// A server's address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Host {
    /// A name or an IP address, without brackets.
    pub name: String,
    /// The TCP port.
    pub port: u16,
}

/// Whether TLS is used, and what is checked of the server's certificate (`sslmode`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SslMode {
    /// Never TLS.
    Disable,
    /// TLS if the server supports it, without a check. It protects against nobody who can change packets.
    #[default]
    Prefer,
    /// TLS. The certificate is checked only if there is a CA file, and then as with `VerifyCa`.
    Require,
    /// TLS, and an authority of the CA file has signed the certificate.
    VerifyCa,
    /// TLS, an authority has signed the certificate, and it is for this host.
    VerifyFull,
}

/// Whether the hash of the server's certificate is part of the authentication (`channel_binding`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// If the connection and the server support it.
    #[default]
    Prefer,
    /// Authentication without it fails.
    Require,
}

/// Which servers are acceptable (`target_session_attrs`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SessionAttributes {
    /// Any server.
    #[default]
    Any,
    /// A server that accepts writes: a primary.
    ReadWrite,
}

/// Where the servers of a database are, and as whom to connect.
#[derive(Clone, Eq, PartialEq)]
pub struct Target {
    pub(crate) hosts: Vec<Host>,
    pub(crate) user: String,
    pub(crate) password: Option<String>,
    pub(crate) database: String,
    pub(crate) ssl_mode: SslMode,
    pub(crate) channel_binding: ChannelBinding,
    pub(crate) root_certificates: Option<PathBuf>,
    pub(crate) application_name: Option<String>,
    pub(crate) options: Option<String>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) attributes: SessionAttributes,
}

impl Target {
    /// Reads a `postgres://` or `postgresql://` URL, or `key=value` pairs.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let text = text.trim();
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        let options = match rest {
            Some(rest) => url::read(rest)?,
            None => pairs::read(text)?,
        };
        options.into_target()
    }

    /// The servers, in the order in which they are tried.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The name of the role.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The name of the database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Whether TLS is used, and what it checks.
    pub fn ssl_mode(&self) -> SslMode {
        self.ssl_mode
    }
}

impl std::fmt::Debug for Target {
    /// Without the password, and without `options`, which can hold anything.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Target");
        shown.field("hosts", &self.hosts).field("user", &self.user).field("database", &self.database);
        shown.field("ssl_mode", &self.ssl_mode).field("attributes", &self.attributes).finish_non_exhaustive()
    }
}

/// What is wrong with a connection string. It never contains the text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TargetError {
    /// The text is neither a URL nor pairs.
    #[error("it is neither a postgres:// URL nor key=value pairs")]
    Syntax,
    /// A `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
    #[error("it has an invalid percent-encoding. Write `%` in a password as `%25`, `@` as `%40`, and `/` as `%2F`")]
    Encoding,
    /// A value contains a zero byte, which the protocol cannot carry.
    #[error("it contains a zero byte")]
    Zero,
    /// No host is named.
    #[error("it names no host")]
    NoHost,
    /// A host is a folder, which means a Unix socket.
    #[error("it names a Unix socket, which is not supported. Name a host")]
    UnixSocket,
    /// A port is not a number from 1 to 65535, or the numbers of hosts and ports differ.
    #[error("a port must be a number from 1 to 65535, and there must be one port for all hosts, or one for each")]
    Port,
    /// No role is named.
    #[error("it names no user")]
    NoUser,
    /// An option is not supported.
    #[error("option {0} is not supported. Supported: {list}", list = options::NAMES.join(", "))]
    Unknown(usize),
    /// An option has a value that is not supported.
    #[error("the value of `{0}` is not supported. Supported: {1}")]
    Value(&'static str, &'static str),
}
