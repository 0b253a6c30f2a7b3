//! Runs the compiler process and turns its result into an error that a person can act on.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::child::{COMMAND, INVALID, MESSAGE, NOT_STORED, Order, STORED};
use super::error::CompileError;
use toril_job::text::one_line;

/// Start of the standard library's message when it aborts because an allocation failed.
const NO_MEMORY: &str = "memory allocation of ";

/// Maximum number of threads that compile one component.
const THREADS: usize = 8;

/// Why the process ended without an artifact in the cache.
pub enum ProcessError {
    /// The component compiled, but the artifact could not be written. The text is the reason.
    NotStored(String),
    /// The component did not compile.
    Failed(CompileError),
}

impl From<CompileError> for ProcessError {
    fn from(error: CompileError) -> Self {
        Self::Failed(error)
    }
}

/// Compiles these bytes in a process of this program. Returns the message that the process printed.
pub async fn run(program: &Path, order: &Order, bytes: &[u8], timeout: Duration) -> Result<String, ProcessError> {
    let ended = tokio::time::timeout(timeout, finish(program, order, bytes)).await;
    let (status, message, error) = ended
        .map_err(|_| CompileError::Late(timeout))?
        .map_err(|error| ProcessError::from(CompileError::NotRun(error)))?;
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(STORED) => Ok(one_line(&message)),
        Some(INVALID) => Err(CompileError::Invalid(one_line(&message)).into()),
        Some(NOT_STORED) => Err(ProcessError::NotStored(message)),
        _ if error.contains(NO_MEMORY) => Err(CompileError::Memory(order.memory).into()),
        _ => Err(CompileError::Crashed(one_line(&last_output(status, &message, &error))).into()),
    }
}

/// Dropping this future kills the process.
async fn finish(program: &Path, order: &Order, bytes: &[u8]) -> io::Result<(ExitStatus, String, String)> {
    let mut command = Command::new(program);
    #[cfg(unix)]
    command.arg0("toril");
    command.arg(COMMAND).args(order.arguments());
    // The process needs no environment variable, and the environment contains secrets. Eager commits of its allocator
    // would count against the memory limit.
    command.env_clear().env("MIMALLOC_ARENA_EAGER_COMMIT", "0").env("RAYON_NUM_THREADS", threads().to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let (mut stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(stdin) = &mut stdin {
            // A process that exits before it has read everything reports the reason by its exit code and output.
            let _broken = stdin.write_all(bytes).await;
        }
    };
    let ((), message, error) = tokio::join!(write, text(stdout), text(stderr));
    let status = child.wait().await?;
    // Kept open until here: the process exits when its standard input closes.
    drop(stdin);
    Ok((status, message, error))
}

/// More threads would need more memory, and would take processors from running jobs.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(THREADS)
}

async fn text(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // After a read error, the text read so far is all there is.
        let _cut = stream.take(MESSAGE as u64).read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn last_output(status: ExitStatus, message: &str, error: &str) -> String {
    let lines = [message, error].into_iter().filter_map(|text| text.lines().rfind(|line| !line.trim().is_empty()));
    lines.fold(status.to_string(), |all, line| format!("{all}: {line}"))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn a_crash_is_reported_with_the_last_output() {
        assert_eq!(last_output(ExitStatus::from_raw(9), "", ""), "signal: 9 (SIGKILL)");
        assert_eq!(
            last_output(ExitStatus::from_raw(11), "", "a\nstack overflow\n"),
            "signal: 11 (SIGSEGV): stack overflow"
        );
    }
}
