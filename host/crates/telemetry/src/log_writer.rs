//! Writes log lines to standard error: at once while there are few, and batched while there are many. A system call
//! for each line would cost a busy host as much as all other work at the end of a small job.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// The longest delay of a batch. Lines in a batch are lost if the process is killed.
const GATHER: Duration = Duration::from_millis(10);
/// A batch of this many bytes is written without delay.
const MANY: usize = 32 * 1024;

/// Writes lines to `W`. Clones share the same buffer.
pub struct LogWriter<W>(Arc<Shared<W>>);

struct Shared<W> {
    gathered: Mutex<Gathered<W>>,
    /// Signals the first line of a batch.
    waits: Condvar,
}

struct Gathered<W> {
    lines: Vec<u8>,
    written: Instant,
    /// Whether the background thread runs that writes batches.
    thread: bool,
    to: W,
}

impl<W> Clone for LogWriter<W> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<W: Write + Send + 'static> LogWriter<W> {
    /// Starts the background thread that writes batches. If it cannot be started, each line is written at once.
    pub fn new(to: W) -> Self {
        let writer = Self::without_thread(to);
        let shared = writer.0.clone();
        let thread = thread::Builder::new().name("toril-log".into()).spawn(move || shared.keep_writing());
        writer.0.lock().thread = thread.is_ok();
        writer
    }

    fn without_thread(to: W) -> Self {
        let gathered = Gathered { lines: Vec::new(), written: Instant::now(), thread: false, to };
        Self(Arc::new(Shared { gathered: Mutex::new(gathered), waits: Condvar::new() }))
    }

    /// Writes the current batch.
    pub fn flush(&self) {
        self.0.lock().write_out();
    }
}

impl<W: Write> Shared<W> {
    fn lock(&self) -> MutexGuard<'_, Gathered<W>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep_writing(&self) {
        let mut gathered = self.lock();
        loop {
            gathered = self
                .waits
                .wait_while(gathered, |gathered| gathered.lines.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
            drop(gathered);
            thread::sleep(GATHER);
            gathered = self.lock();
            gathered.write_out();
        }
    }

    /// Writes the line at once, together with all earlier ones.
    fn write(&self, line: &[u8]) {
        let mut gathered = self.lock();
        gathered.lines.extend_from_slice(line);
        gathered.write_out();
    }

    /// Keeps the line for a moment, so that it is written together with others.
    fn add(&self, line: &[u8]) {
        let mut gathered = self.lock();
        let first = gathered.lines.is_empty();
        gathered.lines.extend_from_slice(line);
        if !gathered.thread || gathered.lines.len() >= MANY || gathered.written.elapsed() >= GATHER {
            gathered.write_out();
        } else if first {
            self.waits.notify_one();
        }
    }
}

impl<W: Write> Gathered<W> {
    fn write_out(&mut self) {
        if !self.lines.is_empty() {
            // If standard error is closed, there is nowhere to report that.
            let _unwritten = self.to.write_all(&self.lines).and_then(|()| self.to.flush());
            self.lines.clear();
            self.lines.shrink_to(2 * MANY);
        }
        self.written = Instant::now();
    }
}

impl<'a, W: Write + Send + 'static> MakeWriter<'a> for LogWriter<W> {
    type Writer = Line<'a, W>;

    fn make_writer(&'a self) -> Line<'a, W> {
        Line { writer: self, urgent: true }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a, W> {
        Line { writer: self, urgent: *metadata.level() <= Level::WARN }
    }
}

/// One line.
pub struct Line<'a, W> {
    writer: &'a LogWriter<W>,
    /// The line is written at once, together with all earlier ones.
    urgent: bool,
}

impl<W: Write> Write for Line<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.urgent {
            true => self.writer.0.write(line),
            false => self.writer.0.add(line),
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Reports each write call.
    struct Calls(mpsc::Sender<String>);

    impl Write for Calls {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _the_test_is_over = self.0.send(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Adds lines as if a write had just happened, so that they are batched.
    fn add(writer: &LogWriter<Calls>, lines: &[&str]) {
        for line in lines {
            writer.0.lock().written = Instant::now() + Duration::from_secs(60);
            writer.0.add(line.as_bytes());
        }
    }

    #[test]
    fn many_lines_are_written_in_one_call_by_the_thread() {
        let (sender, calls) = mpsc::channel();
        let writer = LogWriter::new(Calls(sender));
        let line = "x".repeat(100);
        add(&writer, &[line.as_str(); 200]);
        let mut all = 0;
        let mut times = 0;
        while all < 200 * line.len() {
            all += calls.recv_timeout(Duration::from_secs(60)).map(|call| call.len()).unwrap_or_default();
            times += 1;
            assert!(times < 200, "{all} bytes");
        }
    }

    #[test]
    fn an_urgent_line_takes_those_before_it_along() {
        let (sender, calls) = mpsc::channel();
        // Without a thread, lines are written sooner.
        let writer = LogWriter::without_thread(Calls(sender));
        writer.0.lock().thread = true;
        add(&writer, &["a\n", "b\n"]);
        writer.0.write(b"c\n");
        assert_eq!(calls.try_recv().as_deref(), Ok("a\nb\nc\n"));
    }

    #[test]
    fn what_waits_is_written_at_the_end_and_a_line_by_itself_at_once() {
        let (sender, calls) = mpsc::channel();
        let writer = LogWriter::without_thread(Calls(sender));
        writer.0.lock().thread = true;
        let before = Instant::now();
        writer.0.lock().written = before.checked_sub(GATHER).unwrap_or(before);
        writer.0.add(b"alone\n");
        assert_eq!(calls.try_recv().as_deref(), Ok("alone\n"));
        add(&writer, &["waits\n"]);
        assert!(calls.try_recv().is_err());
        writer.flush();
        assert_eq!(calls.try_recv().as_deref(), Ok("waits\n"));
    }
}
