//! Starts and stops the private server, and publishes its address for other commands.
//!
//! The server listens on a port of 127.0.0.1, which every user of the machine can reach, so it needs a password. Each
//! start creates a new one, in files that only this user can read.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use toril_private as private;

/// How long the server may take to load its data.
const READY: Duration = Duration::from_secs(60);
/// How long the guard may take to stop the server. Longer than the guard's own limit.
const END: Duration = Duration::from_secs(15);
/// The file in the folder that contains the server's address.
const ANNOUNCEMENT: &str = "dev.json";
const LOOK: Duration = Duration::from_millis(20);

/// Why the private server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Another `toril dev` already runs.
    #[error("another `toril dev` works in {}: end it first, or use another folder", .0.display())]
    Taken(PathBuf),
    /// A `toril dev` is starting, and has no server yet.
    #[error("the `toril dev` in {} is still starting (it builds its projects first): try again when its log has the Redis URL", .0.display())]
    Starting(PathBuf),
    /// No `toril dev` runs.
    #[error("no `toril dev` runs in {}: start one, or leave --dev out to use REDIS_URL", .0.display())]
    NotRunning(PathBuf),
    /// A file or process operation failed.
    #[error("{what}: {source}")]
    Io {
        /// The operation.
        what: String,
        /// The cause.
        source: io::Error,
    },
    /// The server ended during its start.
    #[error("the Redis server {server} ended while it started; it says:\n{log}")]
    Ended {
        /// The binary.
        server: String,
        /// The last lines of its log.
        log: String,
    },
    /// The server did not become ready in time.
    #[error("the Redis server {server} is not ready after {}; its log is {}", humantime::format_duration(READY), .log.display())]
    NotReady {
        /// The binary.
        server: String,
        /// Its log.
        log: PathBuf,
    },
}

fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> ServerError {
    let what = what.into();
    move |source| ServerError::Io { what, source }
}

/// What other commands need to know about a running `toril dev`.
#[derive(Serialize, Deserialize)]
pub struct Running {
    /// The URL of its Redis, with the password.
    pub redis_url: String,
    /// The id of its process.
    pub pid: u32,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("pid", &self.pid).finish_non_exhaustive()
    }
}

/// Finds the `toril dev` that runs on this `.toril` folder.
pub fn running(folder: &Path) -> Result<Running, ServerError> {
    let not_running = || ServerError::NotRunning(folder.to_path_buf());
    let lock = File::open(folder.join("dev.lock")).map_err(|_| not_running())?;
    if lock.try_lock_shared().is_ok() {
        return Err(not_running());
    }
    let starting = || ServerError::Starting(folder.to_path_buf());
    let text = fs::read(folder.join(ANNOUNCEMENT)).map_err(|_| starting())?;
    serde_json::from_slice(&text).map_err(|_| starting())
}

/// An exclusive lock on a `.toril` folder, taken before the server starts.
pub struct Claim {
    folder: PathBuf,
    _lock: File,
}

impl Claim {
    /// Locks the folder. Fails if another `toril dev` holds it.
    pub fn take(folder: &Path) -> Result<Self, ServerError> {
        private::make(folder).map_err(io_error(format!("cannot make {}", folder.display())))?;
        let claim = Self { folder: folder.to_owned(), _lock: lock(folder)? };
        // The file may be left over from a process that was killed. Its server is gone.
        match fs::remove_file(folder.join(ANNOUNCEMENT)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io_error(format!("cannot remove {}", folder.join(ANNOUNCEMENT).display()))(error))
            }
            _ => Ok(claim),
        }
    }
}

/// A private server. It stops when this value is dropped, and also when this process ends in any other way.
pub struct Server {
    guard: Child,
    /// The write end of the guard's pipe. Closing it stops the guard.
    life: Option<ChildStdin>,
    port: u16,
    password: String,
    announcement: PathBuf,
    /// Keeps the folder locked while this server runs.
    _claim: Claim,
}

impl Server {
    /// Starts `server` on a free port of 127.0.0.1, with its data in the claimed folder, and waits until it answers.
    pub fn start(server: &Path, claim: Claim) -> Result<Self, ServerError> {
        let data = claim.folder.join("redis");
        private::make(&data).map_err(io_error(format!("cannot make {}", data.display())))?;
        let password =
            random_password().map_err(|error| io_error("could not get random bytes for a password")(error.into()))?;
        let config = data.join("server.conf");
        private::write(&config, format!("requirepass {password}\n").as_bytes())
            .map_err(io_error(format!("cannot write {}", config.display())))?;
        let port = free_port().map_err(io_error("no free port on 127.0.0.1"))?;
        let log = data.join("server.log");
        let log_file = File::create(&log).map_err(io_error(format!("cannot write {}", log.display())))?;
        let mut guard = spawn(server, port, &data, &config, log_file)?;
        let mut life = guard.stdin.take();
        if let Some(guard) = &mut life {
            writeln!(guard, "{password}")
                .map_err(io_error("the guard of the private Redis server takes no password"))?;
        }
        let announcement = claim.folder.join(ANNOUNCEMENT);
        let mut running = Self { guard, life, port, password, announcement, _claim: claim };
        running.wait_ready(server, &log)?;
        running.announce()?;
        Ok(running)
    }

    /// The server's URL, with its password.
    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}", self.password, self.port)
    }

    /// The server's address, for logs.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The file that contains the URL, for producers.
    pub fn announcement(&self) -> &Path {
        &self.announcement
    }

    fn wait_ready(&mut self, server: &Path, log: &Path) -> Result<(), ServerError> {
        let started = Instant::now();
        let shown = server.display().to_string();
        while started.elapsed() < READY {
            if ping(self.port, &self.password).unwrap_or(false) {
                return Ok(());
            }
            if self.guard.try_wait().map_err(io_error("the server cannot be looked at"))?.is_some() {
                let text = fs::read_to_string(log).unwrap_or_default();
                let lines: Vec<_> = text.lines().collect();
                let last = lines[lines.len().saturating_sub(10)..].join("\n");
                return Err(ServerError::Ended { server: shown, log: last });
            }
            std::thread::sleep(LOOK);
        }
        Err(ServerError::NotReady { server: shown, log: log.to_path_buf() })
    }

    fn announce(&self) -> Result<(), ServerError> {
        let running = Running { redis_url: self.url(), pid: std::process::id() };
        let text = serde_json::to_vec(&running).map_err(io::Error::other);
        text.and_then(|text| private::write(&self.announcement, &text))
            .map_err(io_error(format!("cannot write {}", self.announcement.display())))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.life.take());
        let asked = Instant::now();
        while asked.elapsed() < END {
            match self.guard.try_wait() {
                Ok(None) => std::thread::sleep(LOOK),
                Ok(Some(_)) => break,
                Err(error) => {
                    tracing::warn!(%error, "cannot check whether the private Redis server has ended");
                    break;
                }
            }
        }
        if let Err(error) = fs::remove_file(&self.announcement) {
            tracing::debug!(%error, "dev.json was gone already");
        }
    }
}

fn lock(folder: &Path) -> Result<File, ServerError> {
    let path = folder.join("dev.lock");
    let lock = File::create(&path).map_err(io_error(format!("cannot write {}", path.display())))?;
    lock.try_lock().map_err(|_| ServerError::Taken(folder.to_path_buf()))?;
    Ok(lock)
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn spawn(server: &Path, port: u16, data: &Path, config: &Path, log: File) -> Result<Child, ServerError> {
    let this = std::env::current_exe().map_err(io_error("this program's own file is not known"))?;
    let errors = log.try_clone().map_err(io_error("cannot share the server's log"))?;
    let mut guard = Command::new(this);
    guard.arg("redis-guard").arg(server).arg(port.to_string()).arg("--");
    guard.arg(config);
    guard.args(["--bind", "127.0.0.1", "--port"]).arg(port.to_string());
    guard.arg("--dir").arg(data);
    guard.args(["--appendonly", "yes", "--maxmemory-policy", "noeviction", "--daemonize", "no"]);
    guard.stdin(Stdio::piped()).stdout(log).stderr(errors);
    // The terminal sends Ctrl-C to the whole process group, and the server must outlive the workers.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut guard, 0);
    guard.spawn().map_err(io_error("the guard of the private Redis server cannot be started"))
}

/// A ready server answers `PONG`. While it still loads its data, it accepts connections and answers `LOADING`.
fn ping(port: u16, password: &str) -> io::Result<bool> {
    let mut stream = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(format!("AUTH {password}\r\nPING\r\n").as_bytes())?;
    let mut answer = [0; 10];
    stream.read_exact(&mut answer)?;
    Ok(&answer == b"+OK\r\n+PONG")
}

/// 128 random bits, in digits that need no escaping in a URL or in Redis's configuration.
fn random_password() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}
