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
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The second field, a name in parentheses, may contain anything. The state and the parent follow it.
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(1)?.parse().ok()
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
