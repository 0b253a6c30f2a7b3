//! Components that no compiler writes: small core modules that `wit-component` turns into plugins.

use std::path::Path;

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, ImportSection, InstructionSink, MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// What a plugin's `handle` returns.
pub enum Answer<'a> {
    Result(&'a str),
    Retry(&'a str),
    /// The text is the message and the stack.
    RetryWithStack(&'a str),
    Fatal(&'a str),
    Defer(u64),
    Requeue,
    RateLimited(u64),
    AwaitChildren,
}

/// Addresses in the guest's memory: the manifest, the result of `handle`, the text in it, and free memory.
const MANIFEST: i32 = 1024;
const RESULT: i32 = 2048;
pub const TEXT: i32 = 4096;
const FREE: i32 = 32768;

/// The function `log` of the job's context.
pub const LOG: u32 = 0;
/// A global variable that starts at 0.
pub const COUNTER: u32 = 1;

/// A plugin whose `handle` returns this.
pub fn returning(answer: &Answer<'_>) -> Vec<u8> {
    plugin(answer, |_| {})
}

/// A plugin whose `handle` runs these instructions before it returns.
pub fn plugin(answer: &Answer<'_>, handle: impl FnOnce(&mut InstructionSink<'_>)) -> Vec<u8> {
    let interface = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../wit/since-0.2");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(interface).expect("the interface");
    encode(module(answer, handle), &resolve, package)
}

/// A component of a later version of the interface.
pub fn newer_version() -> Vec<u8> {
    let wit = "package toril:plugin@9.0.0; interface handler { handle: func(); } world processor { export handler; }";
    exporting(wit, "toril:plugin/handler@9.0.0#handle")
}

/// A component that is not a plugin.
pub fn foreign_world() -> Vec<u8> {
    exporting("package test:other; world other { export greet: func(); }", "greet")
}

/// A component whose world exports one function without parameters and results.
fn exporting(wit: &str, function: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("world.wit", wit).expect("a package");
    let (mut types, mut functions, mut exports, mut code) =
        (TypeSection::new(), FunctionSection::new(), ExportSection::new(), CodeSection::new());
    types.ty().function([], []);
    functions.function(0);
    exports.export(function, ExportKind::Func, 0);
    code.function(&body(|_| {}));
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&exports).section(&code);
    encode(module.finish(), &resolve, package)
}

fn encode(mut module: Vec<u8>, resolve: &Resolve, package: wit_parser::PackageId) -> Vec<u8> {
    let world = resolve.select_world(&[package], None).expect("one world");
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).expect("metadata");
    let encoder = ComponentEncoder::default().validate(true);
    encoder.module(&module).expect("a module").encode().expect("a component")
}

/// The core module of a plugin, with the canonical ABI's layout of the interface.
fn module(answer: &Answer<'_>, handle: impl FnOnce(&mut InstructionSink<'_>)) -> Vec<u8> {
    use ValType::{I32, I64};
    let mut types = TypeSection::new();
    types.ty().function([I32, I32, I32], []);
    types.ty().function([I32, I32, I32, I32], [I32]);
    types.ty().function([], [I32]);
    // The job: four texts, two numbers of 32 bits and one of 64, and an optional pair of texts.
    let job = [I32, I32, I32, I32, I32, I32, I32, I32, I32, I32, I64, I32, I32, I32, I32, I32];
    types.ty().function(job, [I32]);
    let mut imports = ImportSection::new();
    imports.import("toril:plugin/job-context@0.2.0", "log", wasm_encoder::EntityType::Function(0));
    let mut functions = FunctionSection::new();
    functions.function(1).function(2).function(3);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let mut globals = GlobalSection::new();
    let number = GlobalType { val_type: I32, mutable: true, shared: false };
    globals.global(number, &ConstExpr::i32_const(FREE)).global(number, &ConstExpr::i32_const(0));
    let mut exports = ExportSection::new();
    exports
        .export("memory", ExportKind::Memory, 0)
        .export("cabi_realloc", ExportKind::Func, 1)
        .export("toril:plugin/handler@0.2.0#describe", ExportKind::Func, 2)
        .export("toril:plugin/handler@0.2.0#handle", ExportKind::Func, 3);
    let mut code = CodeSection::new();
    // The allocator returns free memory and never takes it back.
    code.function(&body(|code| {
        code.global_get(0).global_get(0).local_get(3).i32_add();
        code.i32_const(7).i32_add().i32_const(-8).i32_and().global_set(0);
    }));
    code.function(&body(|code| {
        code.i32_const(MANIFEST);
    }));
    code.function(&body(|code| {
        handle(code);
        code.i32_const(RESULT);
    }));
    let (result, text) = layout(answer);
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(MANIFEST), words(&[TEXT, 0, FREE, 0]));
    data.active(0, &ConstExpr::i32_const(RESULT), result);
    data.active(0, &ConstExpr::i32_const(TEXT), text);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&memories)
        .section(&globals)
        .section(&exports)
        .section(&code)
        .section(&data);
    module.finish()
}

fn body(write: impl FnOnce(&mut InstructionSink<'_>)) -> Function {
    let mut function = Function::new([]);
    let mut code = function.instructions();
    write(&mut code);
    code.end();
    function
}

/// The bytes of `result<json, failure>`, and the text that it refers to. The alignment is that of the 64-bit numbers.
fn layout(answer: &Answer<'_>) -> (Vec<u8>, Vec<u8>) {
    let length = |text: &str| i32::try_from(text.len()).expect("a short text");
    match answer {
        Answer::Result(text) => (words(&[0, 0, TEXT, length(text)]), text.as_bytes().to_vec()),
        // The third word after the case says that there is no stack.
        Answer::Retry(text) => (words(&[1, 0, 0, 0, TEXT, length(text), 0]), text.as_bytes().to_vec()),
        Answer::RetryWithStack(text) => {
            (words(&[1, 0, 0, 0, TEXT, length(text), 1, TEXT, length(text)]), text.as_bytes().to_vec())
        }
        Answer::Fatal(text) => (words(&[1, 0, 1, 0, TEXT, length(text), 0]), text.as_bytes().to_vec()),
        Answer::Defer(ms) => ([words(&[1, 0, 2, 0]), ms.to_le_bytes().to_vec()].concat(), Vec::new()),
        Answer::Requeue => (words(&[1, 0, 3, 0, 0, 0]), Vec::new()),
        Answer::RateLimited(ms) => ([words(&[1, 0, 4, 0]), ms.to_le_bytes().to_vec()].concat(), Vec::new()),
        Answer::AwaitChildren => (words(&[1, 0, 5, 0, 0, 0]), Vec::new()),
    }
}

fn words(words: &[i32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
