//! Writes a guest's standard output and standard error to its job's log, line by line.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::log_quota::{LINE_LENGTH, LINES_PER_ATTEMPT, LogQuota};
use toril_job::{JobContext, LogLevel};

/// Maximum size of one write by a guest, in bytes.
const CHUNK: usize = 64 * 1024;
/// Timeout for writing the last lines to Redis after the attempt has ended.
const LAST: Duration = Duration::from_secs(2);

/// The output of one attempt. It costs nothing until something is written.
#[derive(Clone)]
pub struct Output(Arc<Shared>);

struct Shared {
    context: Arc<dyn JobContext>,
    quota: Arc<LogQuota>,
    writer: Mutex<Writer>,
}

/// The lines of one attempt that wait to be written. The task that writes them ends when this value is dropped: after
/// that no caller waits for the task, and another host may own the job.
#[derive(Default)]
struct Writer {
    /// Text without a line end so far, per stream.
    partial: [Vec<u8>; 2],
    /// The channel's capacity follows from [`LINES_PER_ATTEMPT`]. A line that does not fit is beyond the limit anyway.
    lines: Option<mpsc::Sender<(LogLevel, String)>>,
    task: Option<AbortOnDropHandle<()>>,
    /// Set when the attempt has ended. Further lines are dropped.
    ended: bool,
    written: usize,
    missing: bool,
}

impl Output {
    /// Writes to the log of this job.
    pub fn to(context: Arc<dyn JobContext>, quota: Arc<LogQuota>) -> Self {
        Self(Arc::new(Shared { context, quota, writer: Mutex::default() }))
    }

    /// A stream whose lines have this log level.
    pub fn stream(&self, level: LogLevel) -> Stream {
        Stream { to: To::One(self.clone()), level }
    }

    /// Drops all unwritten and later lines, because another host owns the job now.
    pub fn abandon(&self) {
        let mut writer = self.writer();
        writer.ended = true;
        writer.lines = None;
        writer.task = None;
    }

    /// Waits until every line is written, for at most [`LAST`]. No line is written after this function returns.
    pub async fn finish(&self) {
        let task = {
            let mut writer = self.writer();
            for level in [LogLevel::Info, LogLevel::Warn] {
                let rest = std::mem::take(&mut writer.partial[slot(level)]);
                if !rest.is_empty() {
                    self.line(&mut writer, level, &rest);
                }
            }
            writer.ended = true;
            writer.lines = None;
            writer.task.take()
        };
        let Some(task) = task else { return };
        // On a timeout the task is dropped, which aborts it.
        match tokio::time::timeout(LAST, task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last lines of a plugin's output are lost"),
            Err(_) => tracing::warn!("the last lines of a plugin's output are lost: Redis was too slow"),
        }
    }

    /// Writes a line of the host itself between the guest's lines.
    pub fn note(&self, level: LogLevel, line: &str) {
        self.line(&mut self.writer(), level, line.as_bytes());
    }

    fn write(&self, level: LogLevel, bytes: &[u8]) {
        let mut writer = self.writer();
        let mut buffer = std::mem::take(&mut writer.partial[slot(level)]);
        buffer.extend_from_slice(bytes);
        let mut start = 0;
        for end in buffer.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at) {
            self.line(&mut writer, level, &buffer[start..end]);
            start = end + 1;
        }
        buffer.drain(..start);
        if buffer.len() > LINE_LENGTH {
            self.line(&mut writer, level, &buffer);
            buffer.clear();
        }
        writer.partial[slot(level)] = buffer;
    }

    fn line(&self, writer: &mut Writer, level: LogLevel, line: &[u8]) {
        if writer.ended {
            return;
        }
        writer.written += 1;
        let line = match writer.written {
            ..=LINES_PER_ATTEMPT if !self.0.quota.take() => {
                if std::mem::replace(&mut writer.missing, true) {
                    return;
                }
                LogQuota::notice()
            }
            ..=LINES_PER_ATTEMPT => String::from_utf8_lossy(&line[..line.len().min(LINE_LENGTH)]).into_owned(),
            // Reported once. Later lines are dropped silently.
            written if written == LINES_PER_ATTEMPT + 1 => {
                format!("the output ends here: an attempt may write {LINES_PER_ATTEMPT} lines")
            }
            _ => return,
        };
        let Writer { lines, task, .. } = writer;
        let lines = lines.get_or_insert_with(|| {
            let (sender, mut receiver) = mpsc::channel(LINES_PER_ATTEMPT + 1);
            let context = self.0.context.clone();
            *task = Some(AbortOnDropHandle::new(tokio::spawn(async move {
                while let Some((level, line)) = receiver.recv().await {
                    context.log(level, line).await;
                }
            })));
            sender
        });
        if lines.try_send((level, line)).is_err() {
            tracing::debug!("a line of a plugin's output was dropped");
        }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.0.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn slot(level: LogLevel) -> usize {
    usize::from(level == LogLevel::Warn)
}

/// The output of a pen that runs several jobs, one after the other. It leads to the current job's log.
#[derive(Clone)]
pub struct Outlet(Arc<Mutex<Option<Output>>>);

impl Outlet {
    /// Starts with the output of the first job.
    pub fn to(output: Option<Output>) -> Self {
        Self(Arc::new(Mutex::new(output)))
    }

    /// Switches to the output of another job, or to none.
    pub fn lead(&self, output: Option<Output>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = output;
    }

    /// A stream whose lines have this log level.
    pub fn stream(&self, level: LogLevel) -> Stream {
        Stream { to: To::Current(self.clone()), level }
    }
}

/// A guest's standard output or standard error.
#[derive(Clone)]
pub struct Stream {
    to: To,
    level: LogLevel,
}

#[derive(Clone)]
enum To {
    One(Output),
    Current(Outlet),
}

impl Stream {
    fn take(&self, bytes: &[u8]) {
        match &self.to {
            To::One(output) => output.write(self.level, bytes),
            To::Current(Outlet(current)) => {
                if let Some(output) = &*current.lock().unwrap_or_else(PoisonError::into_inner) {
                    output.write(self.level, bytes);
                }
            }
        }
    }
}

impl StdoutStream for Stream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl IsTerminal for Stream {
    fn is_terminal(&self) -> bool {
        false
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Stream {
    async fn ready(&mut self) {}
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Stream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SlowLog, TestContext, TestLog};

    /// An output to this log.
    fn output(log: &Arc<SlowLog>) -> Output {
        let context = TestContext { log: TestLog::Slow(log.clone()) };
        Output::to(Arc::new(context), Arc::new(LogQuota::new()))
    }

    /// Lets all ready tasks run, for several rounds.
    async fn settle() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn all_lines_are_written_before_an_attempt_has_ended() {
        let log = SlowLog::new(3);
        let output = output(&log);
        output.write(LogLevel::Info, b"one\ntwo\nno end");
        output.finish().await;
        assert_eq!(log.lines(), ["one", "two", "no end"]);
    }

    #[tokio::test]
    async fn no_line_is_written_after_an_attempt_has_ended() {
        let log = SlowLog::new(1);
        let output = output(&log);
        output.write(LogLevel::Info, b"one\ntwo\n");
        output.finish().await;

        log.permits.add_permits(9);
        output.write(LogLevel::Info, b"three\n");
        settle().await;

        assert_eq!(log.lines(), ["one"]);
    }

    #[tokio::test]
    async fn no_line_is_written_once_the_job_is_another_hosts() {
        let log = SlowLog::new(0);
        let output = output(&log);
        output.write(LogLevel::Info, b"one\n");
        settle().await;
        output.abandon();

        log.permits.add_permits(9);
        output.write(LogLevel::Info, b"two\n");
        settle().await;

        assert!(log.lines().is_empty());
    }

    #[tokio::test]
    async fn no_line_is_written_after_the_output_was_dropped() {
        let log = SlowLog::new(0);
        let output = output(&log);
        output.write(LogLevel::Info, b"one\n");
        settle().await;
        drop(output);
        settle().await;

        log.permits.add_permits(9);
        settle().await;

        assert!(log.lines().is_empty());
    }
}
