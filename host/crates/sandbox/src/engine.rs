//! The engine that all pens share, its epoch clock, and the threads that guests run on. It knows nothing about plugins.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Runtime;
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails, WasmFeatures,
};

use crate::limits;
use toril_config::HostSettings;

/// Interval at which a running guest yields its thread. This is therefore also the granularity of `timeout`.
pub const TICK: Duration = Duration::from_millis(10);

/// Bytes of linear memory of a finished pen that stay resident for the next pen.
const MEMORY_KEPT: usize = 1024 * 1024;
/// Bytes of tables of a finished pen that stay resident for the next pen.
const TABLES_KEPT: usize = 64 * 1024;
/// Bytes of stack that a guest may use. An interpreter inside a guest needs several hundred for each of its own frames, so
/// wasmtime's default of 512 KiB would end JavaScript's recursion after 500 calls.
const STACK: usize = 4 * 1024 * 1024;
/// Bytes of stack for host functions that a guest calls, beyond the guest's own.
const HOST_STACK: usize = 1024 * 1024;
/// Maximum number of threads that block on behalf of guests (name lookups, file reads). A thread exists only while it
/// is needed. Lookups have a separate limit per plugin, so that one plugin cannot occupy all threads.
const BLOCKING_THREADS: usize = 512;

/// The WebAssembly proposals that a component may use: WebAssembly 2.0, components, and constant expressions with
/// arithmetic (the dynamic libraries of Python guests need them). All other proposals are off: no guest needs them, and
/// a hostile component could reach their code in wasmtime. `gc` in particular must stay off: wasmtime 48.0.8 aborts the
/// process when a call through a table meets a subtype (GHSA-rc4p-x33f-vpr2). docs/security.md lists the proposals.
const PROPOSALS: WasmFeatures =
    WasmFeatures::WASM2.union(WasmFeatures::EXTENDED_CONST).union(WasmFeatures::COMPONENT_MODEL);

/// Why the engine could not be started.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime refused the settings, usually because the address space is limited (`ulimit -v`).
    #[error(
        "the WebAssembly engine cannot be started with room for {max_pens} pens: {source:#}. Lower `max_pens` under [host], or raise the limit on address space (`ulimit -v`)."
    )]
    Engine {
        /// `[host].max_pens`.
        max_pens: u32,
        /// wasmtime's error.
        source: wasmtime::Error,
    },
    /// A thread could not be started.
    #[error("a thread for guests cannot be started: {0}")]
    Threads(#[from] std::io::Error),
}

/// One engine, the thread that increments its epoch, and the runtime that guests run on. Dropping it stops all three.
pub struct Engine {
    engine: wasmtime::Engine,
    pens: Option<Runtime>,
    ticker: Option<Ticker>,
}

impl Engine {
    /// Starts the engine for at most `max_pens` concurrent pens on `pen_threads` threads.
    pub fn start(settings: &HostSettings) -> Result<Self, EngineError> {
        let max_pens = settings.max_pens.get();
        let engine =
            wasmtime::Engine::new(&config(max_pens)).map_err(|source| EngineError::Engine { max_pens, source })?;
        let pens = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(settings.pen_threads.get())
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("toril-pen")
            // A guest in a busy loop holds its thread for one tick at a time. The runtime must poll timers and sockets
            // after each tick.
            .event_interval(1)
            .enable_all()
            .build()?;
        let ticker = Ticker::start(engine.clone())?;
        Ok(Self { engine, pens: Some(pens), ticker: Some(ticker) })
    }

    /// The underlying wasmtime engine.
    pub fn wasmtime(&self) -> &wasmtime::Engine {
        &self.engine
    }

    /// The runtime that guests run on.
    pub fn pens(&self) -> Option<&tokio::runtime::Handle> {
        self.pens.as_ref().map(Runtime::handle)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(pens) = self.pens.take() {
            // Shut down in the background: the engine may be dropped inside another runtime.
            pens.shutdown_background();
        }
        drop(self.ticker.take());
    }
}

/// The engine's settings, chosen by measurement. A pen from a pool with resident memory starts several times faster
/// than one allocated on demand. Resident memory pays off only with the page-map scan. Support for component-model
/// concurrency would cost a third of a pen's start time. Fuel is always counted, so that a plugin can get a fuel limit
/// without a restart.
pub fn config(max_pens: u32) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(max_pens)
        // The pool has room for every pen at its maximum, whatever the other pens hold. This reserves address space;
        // memory is used only when a guest touches it. With a smaller pool, one plugin could make the attempts of
        // another fail.
        .total_core_instances(max_pens.saturating_mul(limits::INSTANCES))
        .total_memories(max_pens.saturating_mul(limits::MEMORIES))
        .total_tables(max_pens.saturating_mul(limits::TABLES))
        .total_stacks(max_pens)
        .max_unused_warm_slots(100)
        .linear_memory_keep_resident(MEMORY_KEPT)
        .table_keep_resident(TABLES_KEPT)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .wasm_features(PROPOSALS.complement(), false)
        .concurrency_support(false)
        .epoch_interruption(true)
        .consume_fuel(true)
        // Address space. A page of a stack takes memory once a guest has touched it.
        .max_wasm_stack(STACK)
        .async_stack_size(STACK + HOST_STACK)
        // wasmtime's default. A guest cannot read stack memory that it has not written. Zeroing the stack would only
        // protect against compiler bugs, and it took a tenth of the time of a small job.
        .async_stack_zeroing(false)
        // Function names only. File and line would require debug information in every plugin.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config
}

/// Increments the epoch on an OS thread of its own, so that a busy runtime cannot delay the clock that interrupts
/// guests.
struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    fn start(engine: wasmtime::Engine) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::Builder::new().name("toril-epoch".into()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(TICK);
                engine.increment_epoch();
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the epoch thread panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::{Instance, Module, PoolConcurrencyLimitError, Store};

    use super::*;

    /// A module with a memory of one page.
    const MEMORY: &[u8] = b"\0asm\x01\0\0\0\x05\x03\x01\0\x01";
    /// A module with a type that may have subtypes.
    const OPEN_TYPE: &[u8] = b"\0asm\x01\0\0\0\x01\x06\x01\x50\0\x60\0\0";

    #[test]
    fn a_pen_gets_all_its_memories_and_an_exhausted_pool_is_not_a_trap() {
        let engine = wasmtime::Engine::new(&config(1)).expect("an engine");
        let module = Module::new(&engine, MEMORY).expect("a module");
        let mut store = Store::new(&engine, ());
        for _ in 0..limits::MEMORIES {
            Instance::new(&mut store, &module, &[]).expect("an instance");
        }
        let error = Instance::new(&mut store, &module, &[]).expect_err("no memory is left");
        assert!(error.is::<PoolConcurrencyLimitError>(), "{error:#}");
    }

    #[test]
    fn types_with_subtypes_are_refused_and_would_be_valid_otherwise() {
        let engine = wasmtime::Engine::new(&config(1)).expect("an engine");
        assert!(Module::validate(&engine, OPEN_TYPE).is_err());
        let anything = wasmtime::Engine::new(Config::new().wasm_gc(true)).expect("an engine");
        Module::validate(&anything, OPEN_TYPE).expect("a module");
    }
}
