//! A private MariaDB server for one test. Clients use TCP, with or without TLS.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::paths;
use crate::ports::free_port;
use crate::process::{Guarded, print_if_failed};
use crate::wait::{LONG, within};

/// The user of clients, which may do anything.
pub const USER: &str = "app";
/// Its password.
pub const PASSWORD: &str = "correct-horse-7531";
/// The database.
pub const DATABASE: &str = "app";

/// What the server's log says when it is ready.
const READY: &str = "ready for connections";
/// How often another port is tried if one is in use.
const TRIES: usize = 5;

/// A server that keeps its data in a temporary folder until it is dropped.
pub struct MariaDbServer {
    port: u16,
    certificates: Certificates,
    _process: Guarded,
    // Removed after the process has ended.
    _folder: TempDir,
}

impl MariaDbServer {
    /// Starts a server. It is ready when this returns.
    pub async fn start() -> Self {
        let started = Self::launched().await;
        started.unwrap_or_else(|error| panic!("could not start the test's MariaDB: {error:#}"))
    }

    /// The port for clients.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The CA certificate, in PEM. The server's certificate is for 127.0.0.1 and localhost.
    pub fn ca_path(&self) -> PathBuf {
        self.certificates.ca.clone()
    }

    async fn launched() -> Result<Self> {
        let installation = Installation::find()?;
        let folder = tempfile::tempdir().context("could not create a folder")?;
        let certificates = Certificates::create(folder.path())?;
        installation.initialize(folder.path())?;
        let mut last = String::new();
        for _ in 0..TRIES {
            let (port, log) = (free_port(), folder.path().join("log"));
            let mut command = installation.server(folder.path());
            command.arg(format!("--port={port}")).args(["--bind-address=127.0.0.1", "--skip-name-resolve"]);
            let files = [("ca", &certificates.ca), ("cert", &certificates.certificate), ("key", &certificates.key)];
            command.args(files.map(|(option, path)| format!("--ssl-{option}={}", path.display())));
            command.arg(format!("--socket={}", folder.path().join("socket").display()));
            command.arg(format!("--pid-file={}", folder.path().join("pid").display()));
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
            let mut process = Guarded::start(&mut command)?;
            let read = || fs::read_to_string(&log).unwrap_or_default();
            let ready = within(LONG, async || match read().contains(READY) {
                true => Some(true),
                false => process.ended().map(|_| false),
            });
            match ready.await {
                Some(true) => return Ok(Self { port, certificates, _process: process, _folder: folder }),
                Some(false) => last = read(),
                None => bail!("it was not ready within {LONG:?}: {}", read()),
            }
        }
        bail!("it ended {TRIES} times: {last}")
    }
}

impl Drop for MariaDbServer {
    fn drop(&mut self) {
        let log = self._folder.path().join("log");
        print_if_failed("the test's MariaDB", || fs::read_to_string(log).unwrap_or_default());
    }
}

/// The programs and the SQL of an installation.
struct Installation {
    folder: PathBuf,
    libraries: PathBuf,
}

impl Installation {
    /// `TORIL_MARIADB`, else what `cargo xtask setup --tests` has unpacked, else an installed one.
    fn find() -> Result<Self> {
        let files = ["usr/sbin/mariadbd", "usr/share/mysql/mysql_system_tables.sql"];
        let has_server = |folder: &PathBuf| files.iter().all(|file| folder.join(file).is_file());
        let own = paths::root().join(".toril/mariadb");
        let folder = match env::var_os("TORIL_MARIADB") {
            Some(folder) => folder.into(),
            None => [own.clone(), "/".into()].into_iter().find(has_server).unwrap_or(own),
        };
        let missing = || format!("MariaDB was not found in {}: run `cargo xtask setup --tests`", folder.display());
        ensure!(has_server(&folder), missing());
        let listed = fs::read_dir(folder.join("usr/lib")).with_context(missing)?;
        let mut libraries = listed.filter_map(Result::ok).map(|entry| entry.path());
        let libraries = libraries.find(|path| path.is_dir() && path.to_string_lossy().ends_with("-linux-gnu"));
        let libraries = libraries.with_context(missing)?;
        Ok(Self { folder, libraries })
    }

    /// The server with its data in a folder. It needs few milliseconds and little memory to start.
    fn server(&self, folder: &Path) -> Command {
        let share = self.folder.join("usr/share/mysql");
        let mut command = Command::new(self.folder.join("usr/sbin/mariadbd"));
        command.env("LD_LIBRARY_PATH", &self.libraries);
        // Without this option it refuses to run as root.
        command.args(["--no-defaults", "--user=root"]);
        command.arg(format!("--datadir={}", folder.join("data").display()));
        // A server removes the temporary files of others.
        command.arg(format!("--tmpdir={}", folder.display()));
        command.arg(format!("--lc-messages-dir={}", share.display()));
        command.arg(format!("--character-sets-dir={}", share.join("charsets").display()));
        command.args([
            "--innodb-log-file-size=5M",
            "--innodb-buffer-pool-size=8M",
            "--innodb-flush-log-at-trx-commit=0",
        ]);
        command
    }

    /// Creates the system tables, the user and the database.
    fn initialize(&self, folder: &Path) -> Result<()> {
        fs::create_dir(folder.join("data")).context("could not create a folder for the data")?;
        // Each statement of the bootstrap ends with its line.
        let mut statements = "create database mysql;\nuse mysql;\n".to_owned();
        for file in ["mysql_system_tables.sql", "mysql_system_tables_data.sql"] {
            let path = self.folder.join("usr/share/mysql").join(file);
            let text = fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
            statements.push_str(&text);
        }
        statements += &format!(
            "create database {DATABASE};\n\
             replace into global_priv values ('%', '{USER}', json_object('access', 18446744073709551615, \
             'plugin', 'mysql_native_password', 'authentication_string', password('{PASSWORD}')));\n"
        );
        let (input, log) = (folder.join("bootstrap.sql"), folder.join("log"));
        fs::write(&input, statements).context("could not write the statements of the bootstrap")?;
        let mut command = self.server(folder);
        command.arg("--bootstrap").stdin(File::open(&input)?).stdout(Stdio::null()).stderr(File::create(&log)?);
        let status = command.status().context("could not start mariadbd")?;
        ensure!(status.success(), "the bootstrap failed: {}", fs::read_to_string(&log).unwrap_or_default());
        Ok(())
    }
}
