//! Starts the process that compiles, and makes of its end what a person can act on.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::super::limits::one_line;
use super::child::{INVALID, NOT_STORED, Order, SAID, STORED};
use super::{COMMAND, CompileError};

/// How the standard library begins what it says before it ends a process that gets no memory.
const NO_MEMORY: &str = "memory allocation of ";

/// The most threads that compile one component.
const THREADS: usize = 8;

/// How it ended without an artifact in the cache.
pub enum Ended {
    /// It could be compiled, but not be written: why.
    NotStored(String),
    /// It could not be compiled.
    Failed(CompileError),
}

impl From<CompileError> for Ended {
    fn from(error: CompileError) -> Self {
        Self::Failed(error)
    }
}

/// Compiles these bytes in a process of this program. What it had to say.
pub async fn run(program: &Path, order: &Order, bytes: &[u8], timeout: Duration) -> Result<String, Ended> {
    let ended = tokio::time::timeout(timeout, finish(program, order, bytes)).await;
    let (status, said, error) =
        ended.map_err(|_| CompileError::Late(timeout))?.map_err(|error| Ended::from(CompileError::NotRun(error)))?;
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(STORED) => Ok(one_line(&said)),
        Some(INVALID) => Err(CompileError::Invalid(one_line(&said)).into()),
        Some(NOT_STORED) => Err(Ended::NotStored(said)),
        _ if error.contains(NO_MEMORY) => Err(CompileError::Memory(order.memory).into()),
        _ => Err(CompileError::Crashed(one_line(&last_words(status, &said, &error))).into()),
    }
}

/// The process is killed where this is dropped.
async fn finish(program: &Path, order: &Order, bytes: &[u8]) -> io::Result<(ExitStatus, String, String)> {
    let mut command = Command::new(program);
    #[cfg(unix)]
    command.arg0("toril");
    command.arg(COMMAND).args(order.arguments());
    // It needs nothing of the environment, which has secrets. Memory that its allocator reserves ahead would count.
    command.env_clear().env("MIMALLOC_ARENA_EAGER_COMMIT", "0").env("RAYON_NUM_THREADS", threads().to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let (mut stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(stdin) = &mut stdin {
            // One that ends before it has read everything says why in another way.
            let _broken = stdin.write_all(bytes).await;
        }
    };
    let ((), said, error) = tokio::join!(write, text(stdout), text(stderr));
    let status = child.wait().await?;
    // Until here: its end would tell the process that nobody waits for it any more.
    drop(stdin);
    Ok((status, said, error))
}

/// More of them take memory, and processors from those that work.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(THREADS)
}

async fn text(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // What was read until an error is all there is to say.
        let _cut = stream.take(SAID as u64).read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn last_words(status: ExitStatus, said: &str, error: &str) -> String {
    let words = [said, error].into_iter().filter_map(|text| text.lines().rfind(|line| !line.trim().is_empty()));
    words.fold(status.to_string(), |all, words| format!("{all}: {words}"))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn a_crash_is_told_with_the_last_words() {
        assert_eq!(last_words(ExitStatus::from_raw(9), "", ""), "signal: 9 (SIGKILL)");
        assert_eq!(
            last_words(ExitStatus::from_raw(11), "", "a\nstack overflow\n"),
            "signal: 11 (SIGSEGV): stack overflow"
        );
    }
}
