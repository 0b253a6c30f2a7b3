//! Standard output, where commands print their results. A command fails if its result could not be written. If the
//! reader closes the pipe early, as in `toril jobs … | head`, the command ends without an error.

use std::fmt::Arguments;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

use super::error::CliError;
use super::text;

/// Prints a line of a command's result to standard output.
macro_rules! say {
    ($($arguments:tt)*) => {
        $crate::cli::output::line(format_args!($($arguments)*))
    };
}
pub(crate) use say;

/// The first write error. Nothing is written after it.
static BROKEN: OnceLock<io::Error> = OnceLock::new();

/// Prints a line. Control characters are escaped.
pub fn line(line: Arguments<'_>) {
    write(&format!("{}\n", text::plain(&line.to_string())));
}

/// Prints text without changes. The text contains its own line breaks.
pub fn write(text: &str) {
    if !is_closed() {
        note(io::stdout().write_all(text.as_bytes()));
    }
}

/// Flushes standard output, and records the first error.
pub fn note(written: io::Result<()>) {
    // Without a flush, buffered output could be lost without an error when the process ends.
    if let Err(error) = written.and_then(|()| io::stdout().flush()) {
        // Another thread may have recorded an error first. One error is enough.
        let _first = BROKEN.set(error);
    }
}

/// Whether nothing more can be written. A command with endless output must then end.
pub fn is_closed() -> bool {
    BROKEN.get().is_some()
}

/// The exit code of the process: the command's code, but never success if output was lost.
pub fn end(code: ExitCode) -> ExitCode {
    match BROKEN.get() {
        Some(reason) if reason.kind() != io::ErrorKind::BrokenPipe => {
            let lost = CliError::failed(format!("standard output cannot be written: {reason}")).print();
            if code == ExitCode::SUCCESS { lost } else { code }
        }
        _ => code,
    }
}
