//! The limits of one pen: memory, tables, instances and others. They are in one file so that they can be compared.

use std::time::Duration;

use wasmtime::{ResourceLimiter, ResourcesRequired, format_err};

/// Maximum number of elements in all tables of a pen together.
const TABLE_ELEMENTS: usize = 100_000;
/// Maximum number of core instances, tables and memories of one pen. A component made from Rust has two or three tables
/// and one memory. One with a language engine has more instances. A composed component has the sum of its parts. The
/// engine's pool reserves these numbers for each pen, and each memory reserves 4 GiB of address space.
pub const INSTANCES: u32 = 64;
pub const TABLES: u32 = 20;
pub const MEMORIES: u32 = 4;

/// The longest delay that a guest may request, as everywhere in Toril.
pub const WAIT: Duration = toril_job::LONGEST_DELAY;
/// Maximum number of resources (streams, requests, header lists, …) that a pen may hold at the same time.
pub const RESOURCES: usize = 1_000;
/// Maximum number of random bytes per call.
pub const RANDOM_BYTES: u64 = 64 * 1024;
/// Maximum number of bytes that one host call may copy out of a guest, in addition to a result of maximum size.
pub const HOSTCALL_FUEL: usize = 16 * 1024 * 1024;
/// Maximum length of a stored failure reason, and of a stored backtrace, in bytes.
pub const REASON: usize = 64 * 1024;
/// Maximum size of job data that a plugin writes or adds, in bytes of JSON.
pub const JOB_DATA: usize = 1024 * 1024;
/// Maximum number of jobs that one call adds. Redis is blocked while it adds them.
pub const ADDED_JOBS: usize = 10_000;
/// Maximum size of their data, in bytes.
pub const ADDED_JOBS_DATA: usize = 8 * 1024 * 1024;
/// Maximum number of PostgreSQL connections that a pen may hold, over all pools.
pub const POSTGRES_CONNECTIONS: usize = 16;
/// Maximum number of TCP connections that an attempt may have open at the same time, and that it may open.
pub const TCP_CONNECTIONS: usize = 16;
pub const TCP_OPENED: usize = 1_000;
/// Maximum in-memory size of one HTTP header list, in bytes.
pub const HTTP_FIELDS: usize = 64 * 1024;
/// Maximum number of requests that a pen has created but not sent.
pub const HTTP_UNSENT: usize = 128;
/// Maximum length of a request's method and of its authority, in bytes.
pub const HTTP_METHOD: usize = 64;
pub const HTTP_AUTHORITY: usize = 1024;
/// Maximum number of unsent bytes in all request bodies of a pen together.
pub const HTTP_BODIES: usize = 8 * 1024 * 1024;
/// Maximum size of one write to a body, in bytes. A body buffers two such writes.
pub const HTTP_CHUNK: usize = 64 * 1024;

/// Checks that an instance of a component stays within a pen's limits for memories and tables. The error names the
/// exceeded limit.
pub fn check_parts(needed: &ResourcesRequired) -> Result<(), String> {
    for (what, count, most) in [("memories", needed.num_memories, MEMORIES), ("tables", needed.num_tables, TABLES)] {
        if count > most {
            return Err(format!("it needs {count} {what}, and a plugin may have {most}"));
        }
    }
    Ok(())
}

/// Counts what a pen allocates, and records a refused allocation.
#[derive(Debug)]
pub struct Limits {
    memory_limit: usize,
    memory_used: usize,
    table_used: usize,
    exceeded: Option<String>,
}

impl Limits {
    /// Creates limits with this many bytes of linear memory for all memories of the pen together.
    pub fn new(memory_limit: usize) -> Self {
        Self { memory_limit, memory_used: 0, table_used: 0, exceeded: None }
    }

    /// Linear memory of the pen, in bytes. It is also the peak value, because memories only grow.
    pub fn memory(&self) -> usize {
        self.memory_used
    }

    /// The allocation that was refused, described for an error message.
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
            // An error and not `Ok(false)`: after `Ok(false)` the guest's allocator would only trap with a bare
            // `unreachable`.
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
