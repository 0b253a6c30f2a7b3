//! The options of a connection string: their names, and what their values mean.

use std::path::PathBuf;
use std::time::Duration;

use super::{ChannelBinding, Host, SessionAttributes, SslMode, Target, TargetError};

/// The options that have an effect.
pub(super) const NAMES: [&str; 14] = [
    "host",
    "hostaddr",
    "port",
    "user",
    "password",
    "dbname",
    "sslmode",
    "sslrootcert",
    "channel_binding",
    "application_name",
    "options",
    "connect_timeout",
    "target_session_attrs",
    "client_encoding",
];

/// Options of libpq that change nothing here, so that strings for other clients work.
const IGNORED: [&str; 11] = [
    "fallback_application_name",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "sslsni",
    "sslcompression",
    "sslcertmode",
    "krbsrvname",
    "gsslib",
];

/// The port of PostgreSQL.
const PORT: u16 = 5432;

/// The options as they were read. A later one replaces an earlier one.
#[derive(Default)]
pub(super) struct Options {
    hosts: String,
    ports: String,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
    ssl_mode: SslMode,
    channel_binding: ChannelBinding,
    root_certificates: Option<PathBuf>,
    application_name: Option<String>,
    options: Option<String>,
    connect_timeout: Option<Duration>,
    attributes: SessionAttributes,
    /// How many options were set, for errors.
    count: usize,
}

impl Options {
    /// Sets one option.
    pub(super) fn set(&mut self, name: &str, value: String) -> Result<(), TargetError> {
        self.count += 1;
        if value.contains('\0') {
            return Err(TargetError::Zero);
        }
        let some = |value: String| (!value.is_empty()).then_some(value);
        match name {
            "host" | "hostaddr" => self.hosts = value,
            "port" => self.ports = value,
            "user" => self.user = some(value),
            "password" => self.password = some(value),
            "dbname" => self.database = some(value),
            "sslmode" => self.ssl_mode = ssl_mode(&value)?,
            // The JDBC driver's spelling of `sslmode=require`, which libpq reads, too.
            "ssl" if value == "true" => self.ssl_mode = SslMode::Require,
            "channel_binding" => self.channel_binding = channel_binding(&value)?,
            // `system`: the authorities that are trusted without a file.
            "sslrootcert" => self.root_certificates = some(value).filter(|path| path != "system").map(PathBuf::from),
            "application_name" => self.application_name = some(value),
            "options" => self.options = some(value),
            "connect_timeout" => self.connect_timeout = connect_timeout(&value)?,
            "target_session_attrs" => self.attributes = attributes(&value)?,
            "client_encoding" if ["UTF8", "UTF-8", "AUTO"].contains(&value.to_ascii_uppercase().as_str()) => {}
            "client_encoding" => return Err(TargetError::Value("client_encoding", "UTF8")),
            "gssencmode" if value != "require" => {}
            "load_balance_hosts" if value == "disable" => {}
            ignored if IGNORED.contains(&ignored) => {}
            _ => return Err(TargetError::Unknown(self.count)),
        }
        Ok(())
    }

    /// Sets the hosts and ports of a URL.
    pub(super) fn set_hosts(&mut self, hosts: String, ports: String) -> Result<(), TargetError> {
        if hosts.contains('\0') {
            return Err(TargetError::Zero);
        }
        (self.hosts, self.ports) = (hosts, ports);
        Ok(())
    }

    pub(super) fn into_target(self) -> Result<Target, TargetError> {
        let hosts = hosts(&self.hosts, &self.ports)?;
        let user = self.user.ok_or(TargetError::NoUser)?;
        Ok(Target {
            hosts,
            database: self.database.unwrap_or_else(|| user.clone()),
            user,
            password: self.password,
            ssl_mode: self.ssl_mode,
            channel_binding: self.channel_binding,
            root_certificates: self.root_certificates,
            application_name: self.application_name,
            options: self.options,
            connect_timeout: self.connect_timeout,
            attributes: self.attributes,
        })
    }
}

/// Joins the hosts with the ports: one for all of them, or one for each. An empty port is the default.
fn hosts(names: &str, ports: &str) -> Result<Vec<Host>, TargetError> {
    let names: Vec<_> = names.split(',').map(str::trim).collect();
    if names.iter().any(|name| name.is_empty()) {
        return Err(TargetError::NoHost);
    }
    if names.iter().any(|name| name.starts_with(['/', '@'])) {
        return Err(TargetError::UnixSocket);
    }
    let ports = ports.split(',').map(port).collect::<Result<Vec<_>, _>>()?;
    let port_of = |index: usize| match ports.as_slice() {
        [one] => Ok(*one),
        each if each.len() == names.len() => Ok(each[index]),
        _ => Err(TargetError::Port),
    };
    let host = |(index, name): (usize, &&str)| Ok(Host { name: (*name).to_owned(), port: port_of(index)? });
    names.iter().enumerate().map(host).collect()
}

fn port(text: &str) -> Result<u16, TargetError> {
    match text.trim() {
        "" => Ok(PORT),
        text => text.parse().ok().filter(|port| *port > 0).ok_or(TargetError::Port),
    }
}

fn ssl_mode(text: &str) -> Result<SslMode, TargetError> {
    Ok(match text {
        "disable" => SslMode::Disable,
        // Without a second attempt after a refused one: a server that requires TLS gets it.
        "allow" | "prefer" => SslMode::Prefer,
        "require" => SslMode::Require,
        "verify-ca" => SslMode::VerifyCa,
        "verify-full" => SslMode::VerifyFull,
        _ => return Err(TargetError::Value("sslmode", "disable, allow, prefer, require, verify-ca, verify-full")),
    })
}

fn channel_binding(text: &str) -> Result<ChannelBinding, TargetError> {
    Ok(match text {
        "disable" => ChannelBinding::Disable,
        "prefer" => ChannelBinding::Prefer,
        "require" => ChannelBinding::Require,
        _ => return Err(TargetError::Value("channel_binding", "disable, prefer, require")),
    })
}

fn attributes(text: &str) -> Result<SessionAttributes, TargetError> {
    Ok(match text {
        "any" => SessionAttributes::Any,
        // A primary that only reads by default is of no use to those who ask for a primary.
        "read-write" | "primary" => SessionAttributes::ReadWrite,
        _ => return Err(TargetError::Value("target_session_attrs", "any, read-write, primary")),
    })
}

/// Whole seconds. As in libpq, 0 means no limit of its own, and less than 2 seconds are 2.
fn connect_timeout(text: &str) -> Result<Option<Duration>, TargetError> {
    let seconds: i32 = text.parse().map_err(|_| TargetError::Value("connect_timeout", "a number of seconds"))?;
    Ok(u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(|seconds| Duration::from_secs(seconds.max(2))))
}
