//! Processor time and memory of a process and its children, from `/proc`.

use std::fs;
use std::time::Duration;

/// Clock ticks per second. Linux reports this value to programs, whatever the kernel's own tick is.
const TICKS: u64 = 100;

/// A process and all of its descendants.
pub fn tree(root: u32) -> Vec<u32> {
    let mut tree = vec![root];
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, fields(pid)?.get(1)?.parse().ok()?)))
        .collect();
    let mut next = 0;
    while let Some(parent) = tree.get(next).copied() {
        tree.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    tree
}

/// The processor time of a process tree, including children that have ended.
pub fn processor(root: u32) -> Duration {
    let ticks = |pid: u32| -> u64 {
        let fields = fields(pid).unwrap_or_default();
        // utime, stime, cutime and cstime, counted from the state.
        let own = 11..=if pid == root { 14 } else { 12 };
        fields.get(own).into_iter().flatten().filter_map(|field| field.parse::<u64>().ok()).sum()
    };
    let sum: u64 = tree(root).into_iter().map(ticks).sum();
    Duration::from_millis(sum * 1000 / TICKS)
}

/// The memory of a process tree in bytes. Shared pages count once.
pub fn memory(root: u32) -> u64 {
    let proportional = |pid: u32| -> u64 {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|size| size.trim().parse().ok()).unwrap_or(0)
    };
    tree(root).into_iter().map(proportional).sum::<u64>() * 1024
}

/// The fields of `/proc/PID/stat` from the third on. The second, a name, may contain anything.
fn fields(pid: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    Some(rest.split(' ').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_in_its_tree_and_uses_memory() {
        let own = std::process::id();
        assert!(tree(own).contains(&own));
        assert!(memory(own) > 100_000);
    }
}
