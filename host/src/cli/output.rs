//! Standard output, where commands print their results. A result that could not be written fails the command. A reader
//! that has read enough, as in `toril jobs … | head`, ends it quietly.

use std::fmt::Arguments;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

use super::{FAILED, error, text};

/// The first error. Nothing more is written after it.
static BROKEN: OnceLock<io::Error> = OnceLock::new();

/// Prints a line. Control characters are written out.
pub fn line(line: Arguments<'_>) {
    write(&format!("{}\n", text::plain(&line.to_string())));
}

/// Prints text as it is, with its own line ends.
pub fn write(text: &str) {
    if !is_closed() {
        note(io::stdout().write_all(text.as_bytes()));
    }
}

/// Notes what came of writing to standard output.
pub fn note(written: io::Result<()>) {
    // What stays in the buffer would be lost without an error when the process ends.
    if let Err(error) = written.and_then(|()| io::stdout().flush()) {
        // Another thread's error may have come first; one of them is enough.
        let _first = BROKEN.set(error);
    }
}

/// Whether nothing can be written any more. A command that prints without end must end then.
pub fn is_closed() -> bool {
    BROKEN.get().is_some()
}

/// How the process ends: as its command says, but never with success if its output was lost.
pub fn end(code: ExitCode) -> ExitCode {
    match BROKEN.get() {
        Some(reason) if reason.kind() != io::ErrorKind::BrokenPipe => {
            let lost = error(FAILED, &format!("standard output cannot be written: {reason}"));
            if code == ExitCode::SUCCESS { lost } else { code }
        }
        _ => code,
    }
}
