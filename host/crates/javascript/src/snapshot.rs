//! Runs the engine at build time, and takes a snapshot of its memory.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wasmtime::{Config, Engine, Instance, Linker, Memory, Module, Store, StoreLimits, StoreLimitsBuilder, Trap, Val};
use wasmtime_wizer::{InstanceState, SnapshotVal, Wizer};

use crate::{BuildError, artifact};

/// How long a plugin's top level may take.
const LIMIT: Duration = Duration::from_secs(60);
/// How much memory it may use, in bytes.
const MEMORY: usize = 1024 * 1024 * 1024;

/// A module's name and source.
pub type Script<'a> = (&'a str, &'a str);

/// The engine after it has evaluated a plugin.
pub struct Snapshot {
    /// Its core module.
    pub module: Vec<u8>,
    /// What the engine noted while it evaluated, one note a line.
    pub notes: String,
}

/// The engine after it has evaluated the scripts in their order. `positions` is the table for the last one's
/// source map, or empty. `cache` is a folder for the compiled engine.
pub fn take(
    engine: &[u8],
    scripts: &[Script<'_>],
    positions: &[u8],
    cache: Option<&Path>,
) -> Result<Snapshot, BuildError> {
    let wizer = Wizer::new();
    let (context, instrumented) = wizer.instrument(engine).map_err(BuildError::engine)?;
    let mut config = Config::new();
    config.epoch_interruption(true);
    let wasmtime = Engine::new(&config).map_err(BuildError::engine)?;
    let module = artifact::module(&wasmtime, &instrumented, cache)?;
    let _timer = Timer::start(wasmtime.clone());

    // Bytecode is made in an instance of its own, so that the compiler's garbage is not in the snapshot.
    let mut compiler = Running::start(&wasmtime, &module)?;
    let mut modules = Vec::new();
    for (name, source) in scripts {
        let code = compiler.call("toril_js_compile", &[name.as_bytes(), source.as_bytes()])?;
        modules.extend_from_slice(&u32::try_from(code.len()).map_err(BuildError::engine)?.to_le_bytes());
        modules.extend(code);
    }
    drop(compiler);
    let mut running = Running::start(&wasmtime, &module)?;
    let notes = running.call("toril_js_init", &[&modules, positions])?;
    let module = futures::executor::block_on(wizer.snapshot(&context, &mut running)).map_err(BuildError::engine)?;
    Ok(Snapshot { module, notes: String::from_utf8_lossy(&notes).into_owned() })
}

/// An instance of the engine without a host.
struct Running {
    store: Store<StoreLimits>,
    instance: Instance,
    memory: Memory,
}

impl Running {
    fn start(engine: &Engine, module: &Module) -> Result<Self, BuildError> {
        let mut store = Store::new(engine, StoreLimitsBuilder::new().memory_size(MEMORY).build());
        store.limiter(|limits| limits);
        store.set_epoch_deadline(1);
        let mut linker = Linker::new(engine);
        linker.define_unknown_imports_as_traps(module).map_err(BuildError::engine)?;
        let instance = linker.instantiate(&mut store, module).map_err(BuildError::engine)?;
        let memory = instance.get_memory(&mut store, "memory");
        let memory = memory.ok_or_else(|| BuildError::Engine("it exports no memory".into()))?;
        Ok(Self { store, instance, memory })
    }

    /// Calls a function of the engine's `build.rs`: pairs of address and length, and a result that starts with 0 or 1.
    fn call(&mut self, name: &str, arguments: &[&[u8]]) -> Result<Vec<u8>, BuildError> {
        let mut values = Vec::new();
        for bytes in arguments {
            let address = self.write(bytes)?;
            values.extend([Val::I32(address.cast_signed()), Val::I32(length(bytes)?.cast_signed())]);
        }
        let result = self.call_raw(name, &values)?;
        let (address, length) = (self.word(result)?, self.word(result + 4)?);
        let bytes = self.bytes(address, length)?;
        match bytes.split_first() {
            Some((0, rest)) => Ok(rest.to_vec()),
            Some((_, message)) => Err(BuildError::Script(String::from_utf8_lossy(message).into_owned())),
            None => Err(BuildError::Engine(format!("{name} returned nothing"))),
        }
    }

    fn call_raw(&mut self, name: &str, values: &[Val]) -> Result<u32, BuildError> {
        let function = self.instance.get_func(&mut self.store, name);
        let function = function.ok_or_else(|| BuildError::Engine(format!("it exports no {name}")))?;
        let mut results = [Val::I32(0)];
        function.call(&mut self.store, values, &mut results).map_err(|error| match error.downcast_ref() {
            Some(Trap::Interrupt) => BuildError::TooLong(LIMIT),
            _ => BuildError::engine(error),
        })?;
        results
            .first()
            .and_then(Val::i32)
            .map(i32::cast_unsigned)
            .ok_or_else(|| BuildError::Engine(format!("{name} has no result")))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<u32, BuildError> {
        let address = self.call_raw("toril_js_alloc", &[Val::I32(length(bytes)?.cast_signed())])?;
        self.memory.write(&mut self.store, address as usize, bytes).map_err(BuildError::engine)?;
        Ok(address)
    }

    fn word(&self, address: u32) -> Result<u32, BuildError> {
        let mut word = [0; 4];
        self.memory.read(&self.store, address as usize, &mut word).map_err(BuildError::engine)?;
        Ok(u32::from_le_bytes(word))
    }

    fn bytes(&self, address: u32, length: u32) -> Result<&[u8], BuildError> {
        let (start, length) = (address as usize, length as usize);
        let bytes = self.memory.data(&self.store).get(start..start + length);
        bytes.ok_or_else(|| BuildError::Engine("it returned an address beyond its memory".into()))
    }
}

fn length(bytes: &[u8]) -> Result<u32, BuildError> {
    u32::try_from(bytes.len()).map_err(BuildError::engine)
}

impl InstanceState for Running {
    async fn global_get(&mut self, name: &str, _: wasmtime_wizer::ValType) -> SnapshotVal {
        let value = self.instance.get_global(&mut self.store, name).map(|global| global.get(&mut self.store));
        match value {
            Some(Val::I32(value)) => SnapshotVal::I32(value),
            Some(Val::I64(value)) => SnapshotVal::I64(value),
            Some(Val::F32(value)) => SnapshotVal::F32(value),
            Some(Val::F64(value)) => SnapshotVal::F64(value),
            Some(Val::V128(value)) => SnapshotVal::V128(value.as_u128()),
            // wizer asks for globals of these types alone, and has exported each of them itself.
            other => unreachable!("the global {name} is {other:?}"),
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        let memory = self.instance.get_memory(&mut self.store, name).unwrap_or(self.memory);
        contents(memory.data(&self.store));
    }
}

/// Interrupts the engine after [`LIMIT`]. Dropping it stops the clock.
struct Timer {
    _stop: mpsc::Sender<()>,
}

impl Timer {
    fn start(engine: Engine) -> Self {
        let (stop, stopped) = mpsc::channel();
        thread::spawn(move || {
            if stopped.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        });
        Self { _stop: stop }
    }
}
