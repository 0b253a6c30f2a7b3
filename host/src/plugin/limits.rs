//! What one pen may allocate: memory, tables, instances. One file, so that the numbers stand together.

use wasmtime::{ResourceLimiter, format_err};

/// Elements that all tables of a pen may hold together.
const TABLE_ELEMENTS: usize = 100_000;
/// Core instances, tables and memories of one pen. A component made from Rust has one of each; one that carries a
/// language engine has a handful.
const INSTANCES: usize = 64;
const TABLES: usize = 64;
const MEMORIES: usize = 8;

/// Resources (streams, requests, header lists, …) that a pen may hold at a time.
pub const RESOURCES: usize = 1_000;
/// The most random bytes that a guest gets in one call.
pub const RANDOM_BYTES: u64 = 64 * 1024;
/// The most that one host call may copy out of a guest, in bytes, beside a result of its full size.
pub const HOSTCALL_FUEL: usize = 16 * 1024 * 1024;
/// The in-memory size of one HTTP header list, in bytes.
pub const HTTP_FIELDS: usize = 64 * 1024;

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
        INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
