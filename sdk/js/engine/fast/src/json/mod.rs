//! `JSON.parse` and `JSON.stringify` in Rust, which is several times faster than QuickJS's own functions: they build and
//! read the engine's values directly. Calls with a reviver, a replacer or an indentation, and texts with a syntax error,
//! go to QuickJS's functions.

mod parse;
pub mod text;
mod write;

use std::cell::RefCell;

use rquickjs::prelude::{Opt, This};
use rquickjs::{Ctx, Error, Function, Object, Persistent, Result, Value, qjs};

use write::Written;

thread_local! {
    /// QuickJS's own functions.
    static PARSE: RefCell<Option<Persistent<Function<'static>>>> = const { RefCell::new(None) };
    static STRINGIFY: RefCell<Option<Persistent<Function<'static>>>> = const { RefCell::new(None) };
    /// The result of the running job.
    static RESULT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Replaces the two functions.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let json: Object = ctx.globals().get("JSON")?;
    let (parse, stringify): (Function, Function) = (json.get("parse")?, json.get("stringify")?);
    PARSE.set(Some(Persistent::save(ctx, parse)));
    STRINGIFY.set(Some(Persistent::save(ctx, stringify)));
    define(&json, "parse", Function::new(ctx.clone(), js_parse)?.with_name("parse")?.with_length(2)?)?;
    define(&json, "stringify", Function::new(ctx.clone(), js_stringify)?.with_name("stringify")?.with_length(3)?)
}

/// Defines a property that is not enumerable, as built-in functions are.
fn define<'js>(object: &Object<'js>, name: &str, function: Function<'js>) -> Result<()> {
    let reflect: Object = object.ctx().globals().get("Object")?;
    let define: Function = reflect.get("defineProperty")?;
    let descriptor = Object::new(object.ctx().clone())?;
    descriptor.set("value", function)?;
    descriptor.set("writable", true)?;
    descriptor.set("configurable", true)?;
    descriptor.set("enumerable", false)?;
    define.call((object.clone(), name, descriptor))
}

/// Parses a document.
pub fn parse<'js>(ctx: &Ctx<'js>, document: &str) -> Result<Value<'js>> {
    match parse::document(ctx, document.as_bytes()) {
        Some(value) => Ok(value),
        None if parse::is_too_deep(document.as_bytes()) => Err(too_deep(ctx)),
        None => ctx.json_parse(document),
    }
}

fn js_parse<'js>(
    ctx: Ctx<'js>,
    this: This<Value<'js>>,
    text: Opt<Value<'js>>,
    reviver: Opt<Value<'js>>,
) -> Result<Value<'js>> {
    let text = text.0.unwrap_or_else(|| Value::new_undefined(ctx.clone()));
    let has_reviver = reviver.0.as_ref().is_some_and(|reviver| !reviver.is_undefined());
    if let Some(text) = text.as_string() {
        let parsed = text::with_bytes(&ctx, text, |bytes| {
            let value = if has_reviver { None } else { parse::document(&ctx, bytes) };
            let is_too_deep = value.is_none() && parse::is_too_deep(bytes);
            (value, is_too_deep)
        })?;
        match parsed {
            (Some(value), _) => return Ok(value),
            (None, true) => return Err(too_deep(&ctx)),
            (None, false) => {}
        }
    }
    let original = original(&ctx, &PARSE)?;
    original.call((this, text, reviver.0))
}

fn js_stringify<'js>(
    ctx: Ctx<'js>,
    this: This<Value<'js>>,
    value: Opt<Value<'js>>,
    replacer: Opt<Value<'js>>,
    space: Opt<Value<'js>>,
) -> Result<Value<'js>> {
    let value = value.0.unwrap_or_else(|| Value::new_undefined(ctx.clone()));
    let is_set =
        |option: &Opt<Value>| option.0.as_ref().is_some_and(|option| !option.is_undefined() && !option.is_null());
    if is_set(&replacer) || is_set(&space) {
        return original(&ctx, &STRINGIFY)?.call((this, value, replacer.0, space.0));
    }
    match write::value(&ctx, &value) {
        Ok(Written::Text(bytes)) => text::from_bytes(&ctx, &bytes),
        Ok(Written::Nothing) => Ok(Value::new_undefined(ctx)),
        Err(write::Thrown) => Err(Error::Exception),
    }
}

/// Keeps a value's JSON as the job's result. Returns false for a value without JSON, such as a function.
pub fn write_result<'js>(ctx: Ctx<'js>, value: Value<'js>) -> Result<bool> {
    match write::value(&ctx, &value) {
        Ok(Written::Text(bytes)) => {
            // The writer escapes lone surrogates, so its text is UTF-8.
            let text =
                String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
            RESULT.set(Some(text));
            Ok(true)
        }
        Ok(Written::Nothing) => Ok(false),
        Err(write::Thrown) => Err(Error::Exception),
    }
}

/// The result that `write_result` kept.
pub fn take_result() -> Option<String> {
    RESULT.take()
}

/// Drops the result of an earlier job that was interrupted.
pub fn forget_result() {
    drop(RESULT.take());
}

fn original<'js>(
    ctx: &Ctx<'js>,
    slot: &'static std::thread::LocalKey<RefCell<Option<Persistent<Function<'static>>>>>,
) -> Result<Function<'js>> {
    match slot.with_borrow(Clone::clone) {
        Some(function) => function.restore(ctx),
        None => Err(Error::Unknown),
    }
}

fn too_deep(ctx: &Ctx<'_>) -> Error {
    rquickjs::Exception::throw_range(ctx, "the JSON document has too many nested arrays and objects")
}

/// The context that QuickJS's functions take.
fn raw(ctx: &Ctx<'_>) -> *mut qjs::JSContext {
    ctx.as_raw().as_ptr()
}
