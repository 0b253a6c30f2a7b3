//! The data folder of a new server. `initdb` takes most of a second, so tests copy a folder that one of them has made.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};

use super::account::Account;
use super::{DATABASE, PASSWORD, USER};
use crate::paths;

/// Part of the folder's name. Change it together with the content.
const EDITION: u32 = 1;

/// A folder to copy. Tests share it, and keep it between runs.
pub(super) fn template(programs: &Path) -> Result<PathBuf> {
    let version = printed(Command::new(programs.join("postgres")).arg("--version"))?;
    let version: String = version.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '.').collect();
    let shared = paths::root().join("target/test-cache/postgres");
    let folder = shared.join(format!("{version}-{EDITION}"));
    if folder.is_dir() {
        return Ok(folder);
    }
    let temporary = tempfile::tempdir().context("could not create a temporary folder")?;
    let made = make(programs, temporary.path())?;
    fs::create_dir_all(&shared).with_context(|| format!("could not create {}", shared.display()))?;
    let part = tempfile::tempdir_in(&shared).context("could not create a temporary folder")?;
    let copy = part.path().join("data");
    Account::of_the_owner(&shared)?.copy(&made, &copy)?;
    // Another test may have been faster.
    if let Err(error) = fs::rename(&copy, &folder) {
        ensure!(folder.is_dir(), "could not move the template to {}: {error}", folder.display());
    }
    Ok(folder)
}

/// A data folder with the database and the role of the tests.
fn make(programs: &Path, folder: &Path) -> Result<PathBuf> {
    let account = Account::of_the_owner(folder)?;
    account.own(folder)?;
    let data = folder.join("data");
    let mut initdb = Command::new(programs.join("initdb"));
    // Small files of the log, because each test copies them. Only connections from this machine's socket need no
    // password, and its folder belongs to the test.
    initdb.args(["--username=postgres", "--no-sync", "--wal-segsize=1", "--locale=C", "--encoding=UTF8"]);
    initdb.args(["--auth-local=trust", "--auth-host=scram-sha-256", "--no-instructions", "--pgdata"]).arg(&data);
    account.run(initdb.current_dir(folder));
    printed(&mut initdb).map_err(|error| error.context(unreachable_programs(programs)))?;

    let mut single = Command::new(programs.join("postgres"));
    single.args(["--single", "-j", "-c", "fsync=off", "-c", "exit_on_error=true", "-D"]).arg(&data).arg("postgres");
    account.run(single.current_dir(folder));
    single.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = single.spawn().context("could not start postgres --single")?;
    // With `-j`, an empty line ends a statement.
    let statements = [
        format!("CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}';"),
        "CREATE ROLE other_role;".to_owned(),
        format!("GRANT other_role TO {USER};"),
        format!("CREATE DATABASE {DATABASE} OWNER {USER};"),
    ];
    let text = statements.map(|statement| statement + "\n\n").concat();
    let mut stdin = child.stdin.take().context("postgres --single has no standard input")?;
    stdin.write_all(text.as_bytes()).context("could not write to postgres --single")?;
    drop(stdin);
    checked("postgres --single", child.wait_with_output().context("postgres --single was lost")?)?;
    Ok(data)
}

fn unreachable_programs(programs: &Path) -> String {
    format!(
        "initdb failed. If the tests run as root, PostgreSQL runs as nobody, who must be able to read {}. Otherwise give \
         the folder of another installation in TORIL_POSTGRES",
        programs.display()
    )
}

fn printed(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("could not start {}", command.get_program().display()))?;
    checked(&command.get_program().display().to_string(), output)
}

fn checked(program: &str, output: Output) -> Result<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} ended with {}:\n{text}{error}", output.status);
    Ok(text)
}
