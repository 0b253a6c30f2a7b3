//! A private PostgreSQL server for one test, which can be stopped, killed, paused and started again. Also a primary with
//! a standby.

mod account;
mod children;
mod find;
mod liar;
mod pair;
mod sql;
mod template;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

pub use find::programs;
pub use liar::{Lie, LyingServer};
pub use pair::PostgresPair;
pub use sql::{Row, SqlSession};

use crate::certificates::Certificates;
use crate::ports::free_port;
use crate::process::{Guarded, Signal, print_if_failed};
use crate::wait::{LONG, POLL, wait_until};
use account::Account;
use children::{children, force, has_ended};

/// The role of clients. It is no superuser, and may `SET ROLE other_role`.
pub const USER: &str = "app";
/// Its password.
pub const PASSWORD: &str = "correct-horse-7531";
/// The database, which the role owns.
pub const DATABASE: &str = "app";

/// What the server's log says then.
const IN_USE: &str = "Address already in use";
/// How often another port is tried if one is in use.
const TRIES: usize = 5;
/// How long a dropped server may take to end.
const END: Duration = Duration::from_secs(20);

/// Settings that make a server start and write fast. Committed data survives the end of the process, but not that of
/// the machine.
const SETTINGS: [&str; 8] = [
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=16MB",
    "max_connections=200",
    "autovacuum=off",
    "jit=off",
    // Without workers for reading, which are processes of their own.
    "io_method=sync",
    "log_min_messages=warning",
];

/// A server that keeps its data in a temporary folder, also over restarts, until it is dropped. Clients connect with
/// SCRAM, as [`USER`] with [`PASSWORD`].
pub struct PostgresServer {
    folder: TempDir,
    account: Account,
    programs: PathBuf,
    port: u16,
    settings: Vec<String>,
    certificates: Option<Certificates>,
    process: Option<Guarded>,
    /// The processes for clients that were killed last, and that may not have ended yet.
    killed: Vec<u32>,
}

impl PostgresServer {
    /// Starts a server. It is ready when this returns.
    pub async fn start() -> Self {
        Self::start_with::<&str>(&[]).await
    }

    /// Starts a server with additional settings, such as `["max_connections=10"]`.
    pub async fn start_with<S: AsRef<str>>(settings: &[S]) -> Self {
        let settings = settings.iter().map(|setting| setting.as_ref().to_owned()).collect();
        let started = Self::launched(settings, false).await;
        started.unwrap_or_else(|error| panic!("could not start the test's PostgreSQL: {error:#}"))
    }

    /// Starts a server that accepts only TLS over TCP, with a certificate for 127.0.0.1 and localhost that the CA at
    /// [`PostgresServer::ca_path`] has signed.
    pub async fn start_tls() -> Self {
        let started = Self::launched(Vec::new(), true).await;
        started.unwrap_or_else(|error| panic!("could not start the test's PostgreSQL with TLS: {error:#}"))
    }

    /// The URL for clients, with the password: `postgres://app:…@127.0.0.1:PORT/app`.
    pub fn url(&self) -> String {
        self.url_at("127.0.0.1", self.port)
    }

    /// The same with another address, such as that of a proxy, or another name of this machine.
    pub fn url_at(&self, host: &str, port: u16) -> String {
        format!("postgres://{USER}:{PASSWORD}@{host}:{port}/{DATABASE}")
    }

    /// The port for clients.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id of the server, whose children serve the clients.
    pub fn pid(&self) -> u32 {
        let process = self.process.as_ref();
        process.map(Guarded::id).unwrap_or_else(|| panic!("the PostgreSQL server does not run: restart() it first"))
    }

    /// The CA certificate, in PEM, for clients of [`PostgresServer::start_tls`].
    pub fn ca_path(&self) -> PathBuf {
        let certificates = self.certificates.as_ref();
        certificates.map(|files| files.ca.clone()).unwrap_or_else(|| panic!("start this server with start_tls()"))
    }

    /// A session of the test itself, as superuser.
    pub async fn session(&self) -> SqlSession {
        self.try_session().await.unwrap_or_else(|error| panic!("could not connect to the test's PostgreSQL: {error:#}"))
    }

    /// Runs statements in a session of their own, as superuser. Returns the rows of all of them. Panics on an error.
    pub async fn sql(&self, text: &str) -> Vec<Row> {
        self.session().await.sql(text).await
    }

    /// The only value of the only row, as text. Panics if there is none.
    pub async fn value(&self, query: &str) -> String {
        let rows = self.sql(query).await;
        match rows.as_slice() {
            [row] if row.len() == 1 => row[0].clone().unwrap_or_default(),
            _ => panic!("{query}: expected one value, and got {rows:?}"),
        }
    }

    /// The only value as a number.
    pub async fn number(&self, query: &str) -> i64 {
        let value = self.value(query).await;
        value.parse().unwrap_or_else(|error| panic!("{query}: {value:?} is not a number: {error}"))
    }

    /// The number of connections of clients, not counting those of the test itself.
    pub async fn clients(&self) -> i64 {
        Self::clients_in(&mut self.session().await).await
    }

    /// The same with a session that is open already.
    pub async fn clients_in(session: &mut SqlSession) -> i64 {
        let query = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{USER}'");
        let rows = session.sql(&query).await;
        let count = rows.first().and_then(|row| row.first()?.as_deref()?.parse().ok());
        count.unwrap_or_else(|| panic!("{query}: expected a number, and got {rows:?}"))
    }

    /// Ends the server in order, and closes the connections of clients. [`PostgresServer::restart`] restores its data.
    pub async fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        process.signal(Signal::Interrupt);
        let ended = process.wait(LONG).await;
        assert!(ended.is_some(), "the PostgreSQL server still ran {LONG:?} after SIGINT\n{}", self.log());
    }

    /// Kills the server and its processes for clients. [`PostgresServer::restart`] restores all committed data.
    pub fn kill(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        // A stopped server starts no further process.
        process.signal(Signal::Stop);
        let children = children(process.id());
        process.kill();
        force("KILL", &children);
        self.killed = children;
    }

    /// Starts the server again on the same port with its data. Ends it first if it runs.
    pub async fn restart(&mut self) {
        self.stop().await;
        // Until then the shared memory is in use, and the server does not start.
        wait_until("the killed processes to end", LONG, async || self.killed.iter().all(|id| has_ended(*id))).await;
        self.run().await.unwrap_or_else(|error| panic!("the PostgreSQL server did not start again: {error:#}"));
    }

    /// Pauses all of its processes: connections stay open and nothing is answered.
    pub fn pause(&mut self) {
        self.process_mut().signal(Signal::Stop);
        let id = self.process_mut().id();
        force("STOP", &children(id));
    }

    /// Continues it after [`PostgresServer::pause`].
    pub fn resume(&mut self) {
        let id = self.process_mut().id();
        force("CONT", &children(id));
        self.process_mut().signal(Signal::Continue);
    }

    /// The server's log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("postgres.log")).unwrap_or_default()
    }

    fn process_mut(&mut self) -> &mut Guarded {
        self.process.as_mut().unwrap_or_else(|| panic!("the PostgreSQL server does not run: restart() it first"))
    }

    async fn try_session(&self) -> Result<SqlSession> {
        let socket = self.folder.path().join(format!(".s.PGSQL.{}", self.port));
        SqlSession::connect(&socket, "postgres", DATABASE).await
    }

    async fn launched(settings: Vec<String>, tls: bool) -> Result<Self> {
        let mut server = Self::prepared(settings, tls, None)?;
        server.run_on_a_free_port().await?;
        Ok(server)
    }

    /// A server that does not run yet, with a copy of this data folder or of the template.
    fn prepared(settings: Vec<String>, tls: bool, data: Option<PathBuf>) -> Result<Self> {
        let programs = programs()?;
        let folder = tempfile::tempdir().context("could not create a temporary folder")?;
        let account = Account::of_the_owner(folder.path())?;
        account.own(folder.path())?;
        let data = data.map_or_else(|| template::template(&programs), Ok)?;
        account.copy(&data, &folder.path().join("data"))?;
        let certificates = tls.then(|| Certificates::create(folder.path())).transpose()?;
        let server =
            Self { folder, account, programs, port: 0, settings, certificates, process: None, killed: Vec::new() };
        server.write_access()?;
        Ok(server)
    }

    /// Who may connect, and how. The server accepts a key only from a file that others cannot read.
    fn write_access(&self) -> Result<()> {
        let tcp = if self.certificates.is_some() { "hostssl" } else { "host" };
        let access = format!(
            "local all all trust\nlocal replication all trust\n{tcp} all all 127.0.0.0/8 scram-sha-256\n\
             {tcp} all all ::1/128 scram-sha-256\n"
        );
        let path = self.folder.path().join("data/pg_hba.conf");
        fs::write(&path, access).with_context(|| format!("could not write {}", path.display()))?;
        if let Some(files) = &self.certificates {
            private(&files.key)?;
            self.account.own(&files.key)?;
            self.account.own(&files.certificate)?;
        }
        Ok(())
    }

    async fn run_on_a_free_port(&mut self) -> Result<()> {
        for _ in 1..TRIES {
            self.port = free_port();
            match self.run().await {
                Err(error) if format!("{error:#}").contains(IN_USE) => {}
                other => return other,
            }
        }
        self.port = free_port();
        self.run().await
    }

    /// Starts the process, and waits until it has recovered its data and answers.
    async fn run(&mut self) -> Result<()> {
        let output =
            File::create(self.folder.path().join("postgres.log")).context("could not create the server's log")?;
        let mut command = Command::new(self.programs.join("postgres"));
        command.current_dir(self.folder.path()).args(self.command_line()).env("TZ", "UTC").stdin(Stdio::null());
        command.stdout(output.try_clone()?).stderr(output);
        self.account.run(&mut command);
        let mut process = Guarded::start(&mut command)?;
        let end = Instant::now() + LONG;
        // It refuses connections until it has recovered.
        while self.try_session().await.is_err() {
            if let Some(status) = process.ended() {
                bail!("the PostgreSQL server ended with {status} before it answered:\n{}", self.log());
            }
            if Instant::now() >= end {
                bail!("the PostgreSQL server did not answer within {LONG:?}:\n{}", self.log());
            }
            tokio::time::sleep(POLL).await;
        }
        // With several addresses, the server starts if one of them is free.
        if self.log().contains(IN_USE) {
            bail!("the PostgreSQL server could not use its port:\n{}", self.log());
        }
        self.process = Some(process);
        Ok(())
    }

    fn command_line(&self) -> Vec<String> {
        let folder = self.folder.path().display();
        let mut settings: Vec<String> = SETTINGS.map(str::to_owned).into();
        // The test itself connects only through this socket, so it cannot reach another server that got the port.
        settings.push(format!("unix_socket_directories={folder}"));
        settings.push("listen_addresses=127.0.0.1".to_owned());
        if let Some(files) = &self.certificates {
            // The certificate is not for the second address, so a client can connect to a wrong name.
            settings.push("listen_addresses=127.0.0.1,127.0.0.2".to_owned());
            settings.push("ssl=on".to_owned());
            settings.push(format!("ssl_cert_file={}", files.certificate.display()));
            settings.push(format!("ssl_key_file={}", files.key.display()));
        }
        settings.extend(self.settings.iter().cloned());
        let mut line = vec!["-D".to_owned(), format!("{folder}/data"), "-p".to_owned(), self.port.to_string()];
        line.extend(settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]));
        line
    }
}

fn private(file: &std::path::Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o600))
        .with_context(|| format!("could not make {} private", file.display()))
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        print_if_failed(&format!("the PostgreSQL server at port {}", self.port), || self.log());
        let children = children(process.id());
        force("CONT", &children);
        // At once, but with a chance to remove its shared memory from the system.
        process.signal(Signal::Quit);
        process.signal(Signal::Continue);
        let end = Instant::now() + END;
        while process.ended().is_none() && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        if process.ended().is_none() {
            process.kill();
            force("KILL", &children);
        }
    }
}
