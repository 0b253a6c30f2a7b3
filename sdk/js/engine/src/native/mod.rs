//! `toril:engine/native`: the functions that the JavaScript side of the engine is made of. Its default export is one
//! object. Plugins do not import it.
//!
//! Four sizes of the engine are built, and a plugin gets the smallest that has what it uses: without features, with URLs,
//! compression and hashes (`web`), with all of cryptography (`full`), and with TCP connections too (`sockets`).

#[cfg(feature = "web")]
mod crypto;
mod encoding;
mod http;
mod inspect;
mod process;
mod time;
#[cfg(feature = "web")]
mod url;
#[cfg(feature = "web")]
mod zlib;

use rquickjs::{CaughtError, Ctx, Exception, Object, Persistent, TypedArray, Value};
use std::cell::RefCell;

pub use process::{has_exited, take_exit};

thread_local! {
    static NATIVE: RefCell<Option<Persistent<Object<'static>>>> = const { RefCell::new(None) };
}

/// Makes the object.
pub fn install(ctx: &Ctx<'_>) -> rquickjs::Result<()> {
    let native = Object::new(ctx.clone())?;
    time::install(&native)?;
    encoding::install(&native)?;
    http::install(&native)?;
    process::install(&native)?;
    inspect::install(&native)?;
    #[cfg(feature = "web")]
    {
        url::install(&native)?;
        zlib::install(&native)?;
        crypto::install(&native)?;
    }
    NATIVE.set(Some(Persistent::save(ctx, native)));
    Ok(())
}

/// The object, for the module's default export.
pub fn object<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
    match NATIVE.with_borrow(Clone::clone) {
        Some(native) => native.restore(ctx),
        // In the compiler, modules are only declared.
        None => Object::new(ctx.clone()),
    }
}

/// Throws a TypeError.
pub fn type_error(ctx: &Ctx<'_>, message: &str) -> rquickjs::Error {
    Exception::throw_type(ctx, message)
}

/// The bytes of a Uint8Array, copied.
pub fn bytes(ctx: &Ctx<'_>, array: &TypedArray<'_, u8>) -> rquickjs::Result<Vec<u8>> {
    // SAFETY: no JavaScript runs while the slice is copied.
    let bytes = unsafe { array.as_bytes() };
    bytes.map(<[u8]>::to_vec).ok_or_else(|| type_error(ctx, "the array's buffer is detached"))
}

/// An error for people: its text, then its stack.
pub fn describe_caught(error: CaughtError<'_>) -> String {
    match error {
        CaughtError::Exception(exception) => describe_exception(&exception),
        CaughtError::Value(value) => describe_plain(&value),
        CaughtError::Error(error) => error.to_string(),
    }
}

/// A thrown value for people.
pub fn describe_value<'js>(_: &Ctx<'js>, thrown: Value<'js>) -> String {
    match thrown.as_exception() {
        Some(exception) => describe_exception(exception),
        None => describe_plain(&thrown),
    }
}

/// Causes that a description has at most.
const CAUSES: usize = 8;

fn describe_exception(exception: &Exception<'_>) -> String {
    let mut text = describe_alone(exception);
    let mut cause: Option<Value<'_>> = exception.get("cause").ok();
    for _ in 0..CAUSES {
        let Some(known) = cause.as_ref().and_then(Value::as_exception) else { break };
        text.push_str("\n[cause]: ");
        text.push_str(&describe_alone(known));
        cause = known.get("cause").ok();
    }
    text
}

fn describe_alone(exception: &Exception<'_>) -> String {
    let name = exception.get::<_, String>("name").unwrap_or_else(|_| "Error".into());
    let message = exception.message().unwrap_or_default();
    let stack = exception.stack().unwrap_or_default();
    let head = if message.is_empty() { name } else { format!("{name}: {message}") };
    if stack.starts_with(&head) {
        return stack.trim_end().to_owned();
    }
    format!("{head}\n{stack}").trim_end().to_owned()
}

fn describe_plain(value: &Value<'_>) -> String {
    let text = value.get::<rquickjs::Coerced<String>>().map(|text| text.0);
    text.unwrap_or_else(|_| format!("a thrown {}", value.type_name()))
}
