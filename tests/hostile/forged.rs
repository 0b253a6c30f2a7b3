//! Components that no compiler writes: a good one with additional sections at its end.

use wasm_encoder::{
    BlockType, CodeSection, CompositeInnerType, CompositeType, ConstExpr, ElementSection, Elements, EntityType,
    ExportKind, ExportSection, FuncType, Function, FunctionSection, HeapType, ImportSection, MemorySection, MemoryType,
    Module, RefType, StartSection, SubType, TableSection, TableType, TypeSection, ValType,
};
use wasmparser::{Instance, Parser, Payload};

/// The ids of sections of a component.
const CUSTOM: u8 = 0;
const CORE_MODULE: u8 = 1;
const CORE_INSTANCE: u8 = 2;
const EXPORT: u8 = 11;

/// The name under which an added module imports from the component's first module.
const FIRST: &str = "first";

/// Adds a core module that is compiled, but never used.
pub fn with_module(component: &[u8], module: &[u8]) -> Vec<u8> {
    [component, &section(CORE_MODULE, module)].concat()
}

/// Adds a core module without imports that is instantiated when an instance starts.
pub fn with_started(component: &[u8], module: &[u8]) -> Vec<u8> {
    let mut instance = vec![1, 0];
    leb128(&mut instance, modules(component));
    instance.push(0);
    [with_module(component, module), section(CORE_INSTANCE, &instance)].concat()
}

/// The same with a module that may import the exports of the component's first module, from [`FIRST`].
pub fn with_started_beside(component: &[u8], module: &[u8]) -> Vec<u8> {
    let mut instance = vec![1, 0];
    leb128(&mut instance, modules(component));
    instance.extend([1, u8::try_from(FIRST.len()).unwrap_or_default()]);
    instance.extend(FIRST.as_bytes());
    instance.push(0x12);
    leb128(&mut instance, first_instance(component));
    [with_module(component, module), section(CORE_INSTANCE, &instance)].concat()
}

/// Adds this many meaningless bytes.
pub fn with_padding(component: &[u8], bytes: usize) -> Vec<u8> {
    let mut padding = vec![1, b'p'];
    padding.resize(bytes, 0);
    [component, &section(CUSTOM, &padding)].concat()
}

/// A component that only exports an empty module under each of these names.
pub fn exporting_components(names: &[&str]) -> Vec<u8> {
    let mut exports = Vec::new();
    leb128(&mut exports, names.len());
    for name in names {
        // A plain name, of the core module 0, without its own type.
        exports.push(0);
        leb128(&mut exports, name.len());
        exports.extend(name.as_bytes());
        exports.extend([0, 0x11, 0, 0]);
    }
    let component = with_module(b"\0asm\x0d\0\x01\0", &Module::new().finish());
    [component, section(EXPORT, &exports)].concat()
}

/// The number of the component's core modules.
fn modules(component: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut modules = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload.expect("a component") {
            Payload::ModuleSection { .. } => {
                modules += usize::from(depth == 0);
                depth += 1;
            }
            Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    modules
}

/// The core instance of the component's first module.
fn first_instance(component: &[u8]) -> usize {
    let (mut depth, mut instances) = (0_usize, 0);
    for payload in Parser::new(0).parse_all(component) {
        match payload.expect("a component") {
            Payload::InstanceSection(section) if depth == 0 => {
                for instance in section {
                    if matches!(instance, Ok(Instance::Instantiate { module_index: 0, .. })) {
                        return instances;
                    }
                    instances += 1;
                }
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    panic!("the component starts no module");
}

fn section(id: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![id];
    leb128(&mut bytes, data.len());
    bytes.extend(data);
    bytes
}

fn leb128(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap_or_default());
}

/// A module whose start function never ends.
pub fn endless() -> Vec<u8> {
    started(|function| {
        function.instructions().loop_(BlockType::Empty).br(0).end().end();
    })
}

/// A module with a table that grows as long as it can, and then traps.
pub fn growing_table() -> Vec<u8> {
    started(|function| {
        let mut code = function.instructions();
        code.loop_(BlockType::Empty);
        code.ref_null(HeapType::FUNC).i32_const(1000).table_grow(0);
        code.i32_const(-1).i32_ne().br_if(0).end().unreachable().end();
    })
}

/// A module whose start function calls a function through a table, as a type that may have subtypes and that is not a
/// supertype of the function's type. With a condition, it does so only if the function of that name in [`FIRST`]
/// returns 1.
pub fn call_as_a_supertype(condition: Option<&str>) -> Vec<u8> {
    let (open, parameter, asked) = (0, 1, 2);
    let mut types = TypeSection::new();
    let nothing = CompositeInnerType::Func(FuncType::new([], []));
    let composite_type = CompositeType { inner: nothing, shared: false, descriptor: None, describes: None };
    types.ty().subtype(&SubType { is_final: false, supertype_idx: None, composite_type });
    types.ty().function([ValType::I32], []);
    types.ty().function([], [ValType::I32]);
    let mut imports = ImportSection::new();
    let imported = condition.map(|name| imports.import(FIRST, name, EntityType::Function(asked))).is_some();
    let callee = u32::from(imported);
    let (mut start, mut target) = (Function::new([]), Function::new([]));
    target.instructions().end();
    let mut code = start.instructions();
    if imported {
        code.call(0).if_(BlockType::Empty);
    }
    code.i32_const(0).call_indirect(0, open);
    if imported {
        code.end();
    }
    code.end();
    let (mut functions, mut bodies) = (FunctionSection::new(), CodeSection::new());
    functions.function(parameter).function(open);
    bodies.function(&target).function(&start);
    let mut elements = ElementSection::new();
    elements.active(None, &ConstExpr::i32_const(0), Elements::Functions([callee].as_slice().into()));
    let mut module = Module::new();
    module.section(&types);
    if imported {
        module.section(&imports);
    }
    module
        .section(&functions)
        .section(&of_functions(1))
        .section(&StartSection { function_index: callee + 1 })
        .section(&elements)
        .section(&bodies);
    module.finish()
}

/// A module with a memory of one page.
pub fn memory() -> Vec<u8> {
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let mut module = Module::new();
    module.section(&memories);
    module.finish()
}

/// A module with a table of this many elements.
pub fn table(elements: u64) -> Vec<u8> {
    let mut module = Module::new();
    module.section(&of_functions(elements));
    module.finish()
}

/// A single table.
fn of_functions(minimum: u64) -> TableSection {
    let mut tables = TableSection::new();
    tables.table(TableType { element_type: RefType::FUNCREF, table64: false, minimum, maximum: None, shared: false });
    tables
}

/// A module with a table and this start function.
fn started(write: impl FnOnce(&mut Function)) -> Vec<u8> {
    let mut function = Function::new([]);
    write(&mut function);
    let mut module = Module::new();
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut code = CodeSection::new();
    code.function(&function);
    module
        .section(&nothing())
        .section(&functions)
        .section(&of_functions(0))
        .section(&StartSection { function_index: 0 })
        .section(&code);
    module.finish()
}

/// A module with this many functions. Each has this many loops, and each loop changes this many variables. The
/// compiler's work grows with the product.
pub fn bomb(functions: u32, variables: u32, loops: u32) -> Vec<u8> {
    let mut function = Function::new([(variables, ValType::I32)]);
    let mut code = function.instructions();
    for _ in 0..loops {
        code.loop_(BlockType::Empty);
        for variable in 0..variables {
            code.local_get(variable).local_get((variable + 1) % variables).i32_add().local_set(variable);
        }
        code.local_get(0).br_if(0).end();
    }
    code.end();
    let (mut declared, mut code) = (FunctionSection::new(), CodeSection::new());
    for _ in 0..functions {
        declared.function(0);
        code.function(&function);
    }
    let mut module = Module::new();
    module.section(&nothing()).section(&declared).section(&code);
    module.finish()
}

/// The type of a function without parameters and results.
fn nothing() -> TypeSection {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types
}

/// A module that exports this many functions.
pub fn exporting(count: u32) -> Vec<u8> {
    let mut functions = FunctionSection::new();
    let mut exports = ExportSection::new();
    let mut code = CodeSection::new();
    for number in 0..count {
        functions.function(0);
        exports.export(&format!("export-{number}"), ExportKind::Func, number);
        let mut function = Function::new([]);
        function.instructions().end();
        code.function(&function);
    }
    let mut module = Module::new();
    module.section(&nothing()).section(&functions).section(&exports).section(&code);
    module.finish()
}
