//! Why a guest ended, in the words of `failedReason`.

use wasmtime::component::ResourceTableError;
use wasmtime::{Trap, WasmBacktrace};

use super::store::DeadlinePassed;
use crate::limits::{HOSTCALL_FUEL, HTTP_FIELDS, Limits, RANDOM_BYTES, REASON, RESOURCES};
use crate::settings::Settings;
use toril_job::text::cut;
use toril_job::{Failure, FailureKind};

/// The pen could not be created.
pub fn failed_to_start(error: &wasmtime::Error) -> Failure {
    Failure::new(FailureKind::Host, format!("the pen could not be created: {error:#}"))
}

/// Explains why a guest ended without returning. `timed_out` is the message for a guest that computed until its
/// deadline.
pub fn guest_failure(error: &wasmtime::Error, limits: &Limits, settings: &Settings, timed_out: &str) -> Failure {
    let plugin = &settings.plugin;
    let (kind, message) = if error.is::<DeadlinePassed>() {
        (FailureKind::Timeout, timed_out.to_owned())
    } else if let Some(exceeded) = limits.exceeded() {
        (FailureKind::Memory, format!("out of memory: {exceeded}; `memory` under [plugins.{plugin}] sets the limit"))
    } else {
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => (
                FailureKind::Fuel,
                format!(
                    "out of fuel: the plugin did more work than `fuel = {}` under [plugins.{plugin}] allows",
                    settings.fuel.unwrap_or(u64::MAX)
                ),
            ),
            Some(Trap::StackOverflow) => {
                (FailureKind::Trap, "the plugin trapped: its stack overflowed, mostly by endless recursion".to_owned())
            }
            Some(trap @ Trap::MemoryOutOfBounds) => {
                (FailureKind::Trap, format!("the plugin trapped: {trap} (endless recursion or a bad pointer, mostly)"))
            }
            Some(trap) => (FailureKind::Trap, format!("the plugin trapped: {trap}")),
            None => (FailureKind::Trap, format!("the plugin trapped: {}", limit_or_cause(error))),
        }
    };
    let stack = error.downcast_ref().and_then(backtrace).map(|backtrace| format!("{message}\n{backtrace}"));
    Failure { kind, message, stack }
}

/// The guest's backtrace, if most of its functions have names. The functions of a language engine have none, and a list
/// of their indices helps nobody.
fn backtrace(backtrace: &WasmBacktrace) -> Option<String> {
    let named = backtrace.frames().iter().filter(|frame| frame.func_name().is_some()).count();
    (named * 2 > backtrace.frames().len()).then(|| cut(backtrace.to_string(), REASON))
}

/// Names the limit, if a library enforced one of ours. Otherwise the error's cause.
fn limit_or_cause(error: &wasmtime::Error) -> String {
    let cause = error.root_cause().to_string();
    if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) {
        return format!(
            "it holds {RESOURCES} of the host's resources (streams, requests, lists of headers, …), and wanted one more"
        );
    }
    // The other errors can be recognised only by their message.
    if cause.contains("fuel allocated for hostcalls") {
        let mib = HOSTCALL_FUEL / 1024 / 1024;
        return format!("it passed more to the host at once than `max_result` of the plugin and {mib} MiB");
    }
    if cause == "total size of fields exceeds limit" {
        return format!("it wrote more than {} KiB of headers for one message", HTTP_FIELDS / 1024);
    }
    if cause.starts_with("requested len ") {
        return format!("it wanted more than {} KiB of random bytes at once", RANDOM_BYTES / 1024);
    }
    cause
}
