//! The compiler process. It reads a component from standard input and stores the artifact in the cache. It exits when
//! standard input closes, so it never outlives its parent.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use wasmtime::component::Component;

use super::functions::Functions;
use crate::cache::Cache;
use crate::digest::checksum;
use crate::engine;

/// The subcommand that compiles a component from standard input: [`Order::carry_out`].
pub const COMMAND: &str = "compile-plugin";

/// Exit codes. Any other way to end is a crash.
pub const STORED: u8 = 0;
pub const INVALID: u8 = 3;
pub const NOT_STORED: u8 = 4;
pub const NOT_READ: u8 = 5;

/// Maximum length of its message, in bytes.
pub const MESSAGE: usize = 4 * 1024;

/// What to compile, and within which limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The cache folder.
    pub cache: PathBuf,
    /// Memory limit of the process, in bytes.
    pub memory: u64,
    /// Size of the component on standard input, in bytes.
    pub size: usize,
    /// Whether to reuse functions of earlier components, and to keep the functions of this one.
    pub functions: bool,
}

impl Order {
    /// The command-line arguments after the command's name.
    pub fn arguments(&self) -> Vec<OsString> {
        let mut arguments =
            vec![self.cache.clone().into(), self.memory.to_string().into(), self.size.to_string().into()];
        arguments.extend(self.functions.then(|| "--functions".into()));
        arguments
    }

    /// Compiles, and prints a message about the error or the success to standard output.
    pub fn carry_out(&self) -> ExitCode {
        let (code, message) = match self.compile() {
            Ok(message) => (STORED, message),
            Err(failed) => failed,
        };
        // An unwritten message does not matter: the parent also knows the result from the exit code.
        let _unread = io::stdout().write_all(&message.as_bytes()[..message.len().min(MESSAGE)]);
        ExitCode::from(code)
    }

    fn compile(&self) -> Result<String, (u8, String)> {
        limit(self.memory).map_err(|error| (NOT_READ, format!("its memory cannot be bounded: {error}")))?;
        let not_read = |error: io::Error| (NOT_READ, error.to_string());
        let mut bytes = vec![0; self.size];
        io::stdin().read_exact(&mut bytes).map_err(not_read)?;
        std::thread::Builder::new().spawn(end_with_input).map_err(not_read)?;
        let invalid = |error: wasmtime::Error| (INVALID, format!("{error:#}"));
        let not_stored = |error: io::Error| (NOT_STORED, error.to_string());
        let cache = Cache::open(&self.cache).map_err(not_stored)?;
        // The same configuration as a host's, so that a component which exceeds the pool's limits is refused here too.
        let mut config = engine::config(1);
        let mut engine = wasmtime::Engine::new(&config).map_err(invalid)?;
        let mut message = String::new();
        let functions = self.functions.then(|| {
            let functions = Functions::open(&cache, &engine).unwrap_or_else(|error| {
                message = format!("functions of earlier components are not used: {error}; ");
                Functions::empty(&cache, &engine)
            });
            Arc::new(functions)
        });
        if let Some(functions) = &functions {
            config.enable_incremental_compilation(functions.clone()).map_err(invalid)?;
            engine = wasmtime::Engine::new(&config).map_err(invalid)?;
        }
        let component = Component::new(&engine, &bytes).map_err(invalid)?;
        let artifact = component.serialize().map_err(invalid)?;
        cache.store(&engine, &checksum(&bytes), &artifact).map_err(not_stored)?;
        if let Some(functions) = functions {
            let (reused, compiled) = functions.counted();
            message += &format!("{compiled} functions compiled, {reused} taken from earlier components");
            if let Err(error) = functions.keep(&cache) {
                message += &format!("; they are not kept: {error}");
            }
        }
        Ok(message)
    }
}

/// Limits the memory of the process. Core files are disabled, since one would be equally large.
#[cfg(unix)]
fn limit(memory: u64) -> io::Result<()> {
    use rlimit::Resource;
    Resource::CORE.set(0, 0)?;
    // `RLIMIT_DATA` limits private writable memory: memory that is allocated, not address space that is only reserved.
    let (_, most) = Resource::DATA.get()?;
    let memory = memory.min(most);
    Resource::DATA.set(memory, memory)
}

#[cfg(not(unix))]
fn limit(_memory: u64) -> io::Result<()> {
    Ok(())
}

fn end_with_input() {
    // A read error means the same as the end of the input: the parent is gone.
    let _gone = io::copy(&mut io::stdin(), &mut io::sink());
    std::process::exit(i32::from(NOT_READ));
}
