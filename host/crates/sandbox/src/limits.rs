//! What one pen may allocate: memory, tables, instances. One file, so that the numbers stand together.

use std::time::Duration;

use wasmtime::component::ResourceTableError;
use wasmtime::{ResourceLimiter, ResourcesRequired, format_err};

/// Elements that all tables of a pen may hold together.
const TABLE_ELEMENTS: usize = 100_000;
/// Core instances, tables and memories of one pen. A component made from Rust has two or three tables and one memory; one
/// that carries a language engine has more instances; one that was composed of several has the sum. The engine's pool has
/// as many for each of its pens, and each memory reserves 4 GiB of address space.
pub const INSTANCES: u32 = 64;
pub const TABLES: u32 = 20;
pub const MEMORIES: u32 = 4;

/// The longest wait that a guest may ask for: a hundred years, as everywhere in Toril. Redis takes no number of 64 bits.
pub const WAIT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
/// Resources (streams, requests, header lists, …) that a pen may hold at a time.
pub const RESOURCES: usize = 1_000;
/// The most random bytes that a guest gets in one call.
pub const RANDOM_BYTES: u64 = 64 * 1024;
/// The most that one host call may copy out of a guest, in bytes, beside a result of its full size.
pub const HOSTCALL_FUEL: usize = 16 * 1024 * 1024;
/// The longest reason of a failure that is kept, and the longest backtrace, in bytes.
pub const REASON: usize = 64 * 1024;
/// The longest that a text of others becomes in a line of the host's own, in bytes.
const LINE: usize = 2 * 1024;
/// The in-memory size of one HTTP header list, in bytes.
pub const HTTP_FIELDS: usize = 64 * 1024;
/// Requests of a pen that are made and not sent.
pub const HTTP_UNSENT: usize = 128;
/// The longest method and authority of a request, in bytes.
pub const HTTP_METHOD: usize = 64;
pub const HTTP_AUTHORITY: usize = 1024;
/// What the bodies of all requests of a pen hold that was not sent, in bytes.
pub const HTTP_BODIES: usize = 8 * 1024 * 1024;
/// The most that one write to a body takes, in bytes. A body buffers two such writes.
pub const HTTP_CHUNK: usize = 64 * 1024;

/// Whether an instance of a component has no more memories and tables than a pen may have. The error says what is too much.
pub fn check_parts(needed: &ResourcesRequired) -> Result<(), String> {
    for (what, count, most) in [("memories", needed.num_memories, MEMORIES), ("tables", needed.num_tables, TABLES)] {
        if count > most {
            return Err(format!("it needs {count} {what}, and a plugin may have {most}"));
        }
    }
    Ok(())
}

/// What ended a guest, in words that name the limit where it is one of those that libraries keep for us.
pub fn in_words(error: &wasmtime::Error) -> String {
    let said = error.root_cause().to_string();
    if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) {
        return format!(
            "it holds {RESOURCES} of the host's resources (streams, requests, lists of headers, …), and wanted one more"
        );
    }
    // The others are told by nothing but what they say.
    if said.contains("fuel allocated for hostcalls") {
        let mib = HOSTCALL_FUEL / 1024 / 1024;
        return format!("it passed more to the host at once than `max_result` of the plugin and {mib} MiB");
    }
    if said == "total size of fields exceeds limit" {
        return format!("it wrote more than {} KiB of headers for one message", HTTP_FIELDS / 1024);
    }
    if said.starts_with("requested len ") {
        return format!("it wanted more than {} KiB of random bytes at once", RANDOM_BYTES / 1024);
    }
    said
}

/// At most `limit` bytes of a text, cut between characters.
pub fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// What somebody else's text says, as a part of one line: it may hold what a terminal would take for orders.
pub fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split_ascii_whitespace().collect();
    let line = words.join(" ");
    let plain: String =
        line.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect();
    cut(plain, LINE)
}

/// Counts what a pen allocates, and remembers when it wanted more than it may have.
#[derive(Debug)]
pub struct Limits {
    memory_limit: usize,
    memory_used: usize,
    table_used: usize,
    exceeded: Option<String>,
}

impl Limits {
    /// Limits with this many bytes of linear memory, over all memories of the pen.
    pub fn new(memory_limit: usize) -> Self {
        Self { memory_limit, memory_used: 0, table_used: 0, exceeded: None }
    }

    /// How much linear memory the pen has, in bytes. The most that it has had, too: memories only grow.
    pub fn memory(&self) -> usize {
        self.memory_used
    }

    /// What the guest was refused, in words, if it was.
    pub fn exceeded(&self) -> Option<&str> {
        self.exceeded.as_deref()
    }

    fn refuse(&mut self, what: String) -> wasmtime::Error {
        let error = format_err!("{what}");
        self.exceeded = Some(what);
        error
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let used = self.memory_used.saturating_sub(current).saturating_add(desired);
        if used > self.memory_limit {
            // An error and not `Ok(false)`: a guest that is told "no" ends in a bare `unreachable` of its allocator.
            return Err(self
                .refuse(format!("it wanted {used} bytes of memory and may have {limit}", limit = self.memory_limit)));
        }
        self.memory_used = used;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let used = self.table_used.saturating_sub(current).saturating_add(desired);
        if used > TABLE_ELEMENTS {
            return Err(self.refuse(format!("it wanted tables of {used} elements and may have {TABLE_ELEMENTS}")));
        }
        self.table_used = used;
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES as usize
    }

    fn tables(&self) -> usize {
        TABLES as usize
    }

    fn memories(&self) -> usize {
        MEMORIES as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_characters() {
        assert_eq!(cut("häuser".into(), 2), "h…");
        assert_eq!(cut("haus".into(), 4), "haus");
    }

    #[test]
    fn a_text_of_others_is_one_plain_line() {
        assert_eq!(one_line("a\n  b\u{1b}[31m"), "a b\\u{1b}[31m");
    }

    #[test]
    fn memory_is_counted_over_all_memories() {
        let mut limits = Limits::new(100);
        assert!(limits.memory_growing(0, 60, None).is_ok());
        assert!(limits.memory_growing(0, 30, None).is_ok());
        assert!(limits.memory_growing(60, 80, None).is_err());
        assert_eq!(limits.exceeded(), Some("it wanted 110 bytes of memory and may have 100"));
        assert_eq!(limits.memory_used, 90);
    }

    #[test]
    fn growing_one_memory_counts_the_growth_only() {
        let mut limits = Limits::new(100);
        assert!(limits.memory_growing(0, 60, None).is_ok());
        assert!(limits.memory_growing(60, 100, None).is_ok());
        assert!(limits.exceeded().is_none());
    }

    #[test]
    fn tables_have_a_bound() {
        let mut limits = Limits::new(0);
        assert!(limits.table_growing(0, TABLE_ELEMENTS, None).is_ok());
        assert!(limits.table_growing(TABLE_ELEMENTS, TABLE_ELEMENTS + 1, None).is_err());
    }
}
