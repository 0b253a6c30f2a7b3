//! The process that compiles: it reads a component from standard input and puts the artifact into the cache. It ends
//! when its standard input does, and so never outlives whoever started it.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use wasmtime::component::Component;

use super::super::cache::{Cache, checksum};
use super::super::engine;

/// How it ends. Any other way is a crash.
pub const STORED: u8 = 0;
pub const INVALID: u8 = 3;
pub const NOT_STORED: u8 = 4;
pub const NOT_READ: u8 = 5;

/// The most that it says, in bytes.
pub const SAID: usize = 4 * 1024;

/// What to compile, and within what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The folder of artifacts.
    pub cache: PathBuf,
    /// The most memory that it may take, in bytes.
    pub memory: u64,
    /// How many bytes the component has that comes on standard input.
    pub size: usize,
}

impl Order {
    /// What stands behind the command's name.
    pub fn arguments(&self) -> [OsString; 3] {
        [self.cache.clone().into(), self.memory.to_string().into(), self.size.to_string().into()]
    }

    /// Compiles. What went wrong is said on standard output.
    pub fn carry_out(&self) -> ExitCode {
        match self.compile() {
            Ok(()) => ExitCode::from(STORED),
            Err((code, reason)) => {
                // Whoever started it learns as much from the code.
                let _unread = io::stdout().write_all(&reason.as_bytes()[..reason.len().min(SAID)]);
                ExitCode::from(code)
            }
        }
    }

    fn compile(&self) -> Result<(), (u8, String)> {
        limit(self.memory).map_err(|error| (NOT_READ, format!("its memory cannot be bounded: {error}")))?;
        let not_read = |error: io::Error| (NOT_READ, error.to_string());
        let mut bytes = vec![0; self.size];
        io::stdin().read_exact(&mut bytes).map_err(not_read)?;
        std::thread::Builder::new().spawn(end_with_input).map_err(not_read)?;
        let invalid = |error: wasmtime::Error| (INVALID, format!("{error:#}"));
        // As that of a host, which refuses what its pool has no room for.
        let engine = wasmtime::Engine::new(&engine::config(1)).map_err(invalid)?;
        let component = Component::new(&engine, &bytes).map_err(invalid)?;
        let artifact = component.serialize().map_err(invalid)?;
        let cache = Cache::open(&self.cache);
        let stored = cache.and_then(|cache| cache.store(&engine, &checksum(&bytes), &artifact));
        stored.map_err(|error| (NOT_STORED, error.to_string()))
    }
}

/// Bounds what the process allocates. Without a core file: that would be as large.
#[cfg(unix)]
fn limit(memory: u64) -> io::Result<()> {
    use rlimit::Resource;
    Resource::CORE.set(0, 0)?;
    // Private memory that can be written: what is allocated, and not the address space that is only reserved.
    let (_, most) = Resource::DATA.get()?;
    let memory = memory.min(most);
    Resource::DATA.set(memory, memory)
}

#[cfg(not(unix))]
fn limit(_memory: u64) -> io::Result<()> {
    Ok(())
}

fn end_with_input() {
    // An error means the same as an end: nobody is there any more.
    let _gone = io::copy(&mut io::stdin(), &mut io::sink());
    std::process::exit(i32::from(NOT_READ));
}
