//! What the builder calls before the snapshot. None of these functions is an export of the finished component.
//!
//! Arguments and results are pairs of a pointer and a length in the engine's memory. The builder allocates with
//! `toril_js_alloc`. A result starts with a byte: 0 for success, 1 for an error message. Results are not freed, because they
//! are small or the builder throws the instance away.

use std::slice;

use rquickjs::{CatchResultExt, Module, module::WriteOptions};

use crate::interfaces::{self, Modules};
use crate::realm::{self, Realm};
use crate::{handler, native, stacks};

/// Names of the engine's own modules begin so.
const OWN: &[u8] = b"toril:runtime/";

/// The address of a block of that many bytes.
#[unsafe(no_mangle)]
pub extern "C" fn toril_js_alloc(length: usize) -> *mut u8 {
    Vec::leak(vec![0_u8; length]).as_mut_ptr()
}

/// Compiles a module's source to bytecode. Returns the address of a result and of its length.
///
/// # Safety
/// Both pairs must be blocks of this memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toril_js_compile(
    name: *const u8,
    name_length: usize,
    source: *const u8,
    length: usize,
) -> *const [usize; 2] {
    let (name, source) = unsafe { (slice::from_raw_parts(name, name_length), slice::from_raw_parts(source, length)) };
    leak(compile(name, source))
}

/// Evaluates compiled modules: blocks in `toril_js_compile`'s format, one after the other, each after its length in 4 bytes.
/// `positions` is the source map of the last module, as `positions.rs` describes it, or empty.
///
/// # Safety
/// The pairs must be blocks from `toril_js_alloc`, which belong to this function from now on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toril_js_init(
    modules: *mut u8,
    length: usize,
    positions: *const u8,
    positions_length: usize,
) -> *const [usize; 2] {
    let modules = unsafe { Vec::from_raw_parts(modules, length, length) };
    let positions: &'static [u8] = unsafe { slice::from_raw_parts(positions, positions_length) };
    leak(stacks::set(positions).and_then(|()| init(modules)).map(String::into_bytes))
}

fn compile(name: &[u8], source: &[u8]) -> Result<Vec<u8>, String> {
    let (_runtime, context) = realm::runtime(Modules { is_compiler: true }).map_err(|error| error.to_string())?;
    context.with(|ctx| {
        let module = Module::declare(ctx.clone(), name, source).catch(&ctx).map_err(native::describe_caught)?;
        // Stacks leave out the frames of the engine's own modules, so their positions are of no use.
        let strip_debug = name.starts_with(OWN);
        let options = WriteOptions { strip_source: true, strip_debug, ..Default::default() };
        module.write(options).map_err(|error| error.to_string())
    })
}

/// Returns the notes about the evaluation.
fn init(bytes: Vec<u8>) -> Result<String, String> {
    let mut modules = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let (module, after) = after.split_at_checked(length).ok_or("a module's length is wrong")?;
        modules.push(module);
        rest = after;
    }
    let realm = Realm::start(&modules)?.install();
    // QuickJS has copied the code. Without this the snapshot would have it twice.
    drop(bytes);
    handler::warm_up(realm)?;
    let notes = interfaces::take_early_reads();
    realm.finish();
    Ok(notes)
}

fn leak(result: Result<Vec<u8>, String>) -> *const [usize; 2] {
    let (mut bytes, rest) = match result {
        Ok(bytes) => (vec![0], bytes),
        Err(message) => (vec![1], message.into_bytes()),
    };
    bytes.extend(rest);
    let bytes = Vec::leak(bytes);
    Box::leak(Box::new([bytes.as_ptr() as usize, bytes.len()]))
}
