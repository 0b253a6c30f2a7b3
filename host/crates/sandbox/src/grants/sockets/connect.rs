//! Opens a connection to a granted server, and encrypts it if the grant says so.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use wasmtime_wasi::p2::bindings::sockets::network::ErrorCode;

use super::open::{Open, Parts, Stream};
use super::prepared::{Prepared, Security, Target};
use crate::output::Output;
use toril_job::LogLevel;
use toril_job::text::{cut, one_line};
use toril_job::trace::Trace;
use toril_meters::TcpResult;

/// Timeout of the connection, and separately of the wait for a free place and of the handshake.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum length of an error in a message, in bytes.
const REASON: usize = 200;

/// What is needed to open a connection.
pub struct Route {
    pub grant: Arc<Prepared>,
    pub target: Arc<Target>,
    /// The checked address.
    pub address: SocketAddr,
    /// The place in the attempt.
    pub place: OwnedSemaphorePermit,
    /// The job's log.
    pub output: Option<Output>,
    /// Ends when the connection is open.
    pub span: Trace,
}

/// Why a connection was not opened.
struct Failed {
    code: ErrorCode,
    reason: String,
}

impl Failed {
    fn result(&self) -> TcpResult {
        match self.code {
            ErrorCode::Timeout => TcpResult::Timeout,
            ErrorCode::ConnectionAborted => TcpResult::Tls,
            ErrorCode::NewSocketLimit => TcpResult::Limit,
            _ => TcpResult::Unreachable,
        }
    }

    /// The kind of failure of the span.
    fn kind(&self) -> &'static str {
        match self.result() {
            TcpResult::Timeout => "timeout",
            TcpResult::Tls => "tls",
            TcpResult::Limit => "limit",
            TcpResult::Opened | TcpResult::Unreachable => "unreachable",
        }
    }
}

impl Route {
    /// Opens the connection. Failures are in the log of the job and of the host.
    pub async fn open(self) -> Result<Open, ErrorCode> {
        let reporter = Reporter { grant: self.grant.clone(), target: self.target.clone(), output: self.output.clone() };
        let (span, target) = (self.span.clone(), self.target.clone());
        let opened = self.connect().await;
        if let Err(failed) = &opened {
            span.fail(failed.kind());
            reporter.report("connection", &failed.reason);
        }
        span.end();
        target.meters.opened(opened.as_ref().map_or_else(Failed::result, |_| TcpResult::Opened));
        opened.map_err(|failed| failed.code)
    }

    async fn connect(self) -> Result<Open, Failed> {
        let Self { grant, target, address, place, .. } = self;
        let places = [place, free_place(&grant).await?];
        let stream = match timeout(TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Failed { code: (&error).into(), reason: error.to_string() }),
            Err(_) => return Err(late(ErrorCode::Timeout, "the server did not answer")),
        };
        // Plugins send requests and wait for answers.
        let addresses = stream.set_nodelay(true).and_then(|()| Ok([stream.local_addr()?, stream.peer_addr()?]));
        let addresses = addresses.map_err(|error| Failed { code: (&error).into(), reason: error.to_string() })?;
        let stream = match target.security {
            Security::Plain => Box::new(stream),
            Security::Tls => encrypt(&grant, &target, Box::new(stream)).await.map_err(|error| {
                let code = match error.kind() {
                    io::ErrorKind::TimedOut => ErrorCode::Timeout,
                    _ => ErrorCode::ConnectionAborted,
                };
                Failed { code, reason: error.to_string() }
            })?,
        };
        Ok(Open::new(stream, addresses, places))
    }
}

/// Waits until the plugin has fewer connections than it may have.
async fn free_place(grant: &Prepared) -> Result<OwnedSemaphorePermit, Failed> {
    match timeout(TIMEOUT, grant.permits.clone().acquire_owned()).await {
        Ok(Ok(place)) => Ok(place),
        _ => Err(Failed {
            code: ErrorCode::NewSocketLimit,
            reason: format!(
                "all {} connections that the plugin may have on this host are in use; raise `tcp_connections` under [plugins.{}] in the configuration to allow more",
                grant.most, grant.plugin
            ),
        }),
    }
}

fn late(code: ErrorCode, what: &str) -> Failed {
    Failed { code, reason: format!("{what} within {}", humantime::format_duration(TIMEOUT)) }
}

/// Encrypts a connection that the guest has used as a plain one.
pub async fn upgrade(
    grant: Arc<Prepared>,
    target: Arc<Target>,
    output: Option<Output>,
    mut open: Open,
) -> io::Result<Open> {
    let upgraded = async {
        // Some protocols do not wait for an answer, such as MySQL's, so the request for TLS may not be sent yet.
        let mut sent = 0;
        poll_fn(|cx| open.poll_sent(cx, &mut sent)).await;
        target.meters.sent(sent);
        let Parts { stream, addresses, places } = open.into_parts()?;
        let stream = encrypt(&grant, &target, stream).await?;
        Ok(Open::new(stream, addresses, places))
    };
    let upgraded: io::Result<Open> = upgraded.await;
    if let Err(error) = &upgraded {
        Reporter { grant: grant.clone(), target, output }.report("TLS handshake", &error.to_string());
    }
    upgraded
}

/// The TLS handshake, with the granted name of the server.
async fn encrypt(grant: &Prepared, target: &Target, stream: Box<dyn Stream>) -> io::Result<Box<dyn Stream>> {
    let name = ServerName::try_from(target.server.host().to_owned()).map_err(io::Error::other)?;
    let connector = grant.outbound.tls().connector().map_err(io::Error::other)?;
    match timeout(TIMEOUT, connector.connect(name, stream)).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err(error)) => Err(io::Error::new(error.kind(), format!("the TLS handshake failed: {error}"))),
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("the TLS handshake did not end within {}", humantime::format_duration(TIMEOUT)),
        )),
    }
}

/// Reports failures.
struct Reporter {
    grant: Arc<Prepared>,
    target: Arc<Target>,
    output: Option<Output>,
}

impl Reporter {
    /// The guest gets an error code alone, so the reason is in the job's log. The lines in the host's log are limited,
    /// because the plugin decides how many connections fail.
    fn report(&self, what: &str, reason: &str) {
        let (plugin, target) = (&*self.grant.plugin, &self.target.server);
        // The server may control a part of the text, such as the names in a certificate.
        let error = cut(one_line(reason), REASON);
        if let Some(output) = &self.output {
            output.note(LogLevel::Warn, &format!("plugin {plugin}: the {what} to {target} failed: {error}"));
        }
        if let Some(left) = self.grant.failures.take() {
            tracing::warn!(plugin, %target, error, "connection of a plugin failed");
            if left == 0 {
                tracing::warn!(plugin, "failed connections are not logged for the rest of the minute");
            }
        }
    }
}
