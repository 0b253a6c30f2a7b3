//! The processes of a server, one for each client and some of its own. A busy one does not notice that the server was
//! killed.

use std::fs;
use std::process::{Command, Stdio};

/// The children of a process, from `/proc`.
pub(super) fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| parent_of(*id) == Some(parent)).collect()
}

fn parent_of(id: u32) -> Option<u32> {
    status(id)?.split(' ').nth(1)?.parse().ok()
}

/// Whether a process has ended. It may still be listed, as a zombie, until its parent asks for its exit code.
pub(super) fn has_ended(id: u32) -> bool {
    status(id).is_none_or(|status| status.starts_with(['Z', 'X']))
}

/// The status of a process: its state, its parent, and more. `None`: there is no such process.
fn status(id: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The field before, a name in parentheses, may contain anything.
    let (_, status) = stat.rsplit_once(") ")?;
    Some(status.to_owned())
}

/// Sends a signal to processes, some of which may have ended.
pub(super) fn force(signal: &str, processes: &[u32]) {
    let ids: Vec<String> = processes.iter().map(u32::to_string).collect();
    if ids.is_empty() {
        return;
    }
    // The shell's built-in `kill`, because the program may not be installed.
    let mut kill = Command::new("sh");
    kill.arg("-c").arg(format!("kill -{signal} {} || true", ids.join(" ")));
    let sent = kill.stderr(Stdio::null()).status();
    assert!(sent.is_ok(), "could not start a shell to send SIG{signal}");
}
