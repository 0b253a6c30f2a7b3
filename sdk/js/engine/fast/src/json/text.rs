//! Strings of the engine as UTF-8 and UTF-16.

use rquickjs::{Ctx, Error, Result, String as JsString, Value, qjs};
use std::slice;

use super::raw;

/// Calls a function with a string's bytes: UTF-8, in which lone surrogates are encoded like other characters.
pub fn with_bytes<'js, T>(ctx: &Ctx<'js>, text: &JsString<'js>, call: impl FnOnce(&[u8]) -> T) -> Result<T> {
    let mut length: qjs::size_t = 0;
    // SAFETY: the value is a live string of this context, and the bytes are freed after the call.
    unsafe {
        let bytes = qjs::JS_ToCStringLen2(raw(ctx), &mut length, text.as_raw(), false);
        if bytes.is_null() {
            return Err(Error::Exception);
        }
        let result = call(slice::from_raw_parts(bytes.cast(), length as usize));
        qjs::JS_FreeCString(raw(ctx), bytes);
        Ok(result)
    }
}

/// A string as UTF-8, with U+FFFD for each lone surrogate.
pub fn to_utf8<'js>(ctx: &Ctx<'js>, text: &JsString<'js>) -> Result<Vec<u8>> {
    with_bytes(ctx, text, |bytes| {
        let mut bytes = bytes.to_vec();
        if std::str::from_utf8(&bytes).is_err() {
            replace_surrogates(&mut bytes);
        }
        bytes
    })
}

/// Overwrites each encoded surrogate, which has three bytes as U+FFFD has.
fn replace_surrogates(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(triple) = bytes.get_mut(at..at + 3) {
        if let [0xed, 0xa0..=0xbf, _] = triple {
            triple.copy_from_slice("\u{fffd}".as_bytes());
            at += 3;
        } else {
            at += 1;
        }
    }
}

/// A string's UTF-16 units.
pub fn to_utf16<'js>(ctx: &Ctx<'js>, text: &JsString<'js>) -> Result<Vec<u16>> {
    let mut length: qjs::size_t = 0;
    // SAFETY: as in `with_bytes`.
    unsafe {
        let units = qjs::JS_ToCStringLenUTF16(raw(ctx), &mut length, text.as_raw());
        if units.is_null() {
            return Err(Error::Exception);
        }
        let copy = slice::from_raw_parts(units, length as usize).to_vec();
        qjs::JS_FreeCStringUTF16(raw(ctx), units);
        Ok(copy)
    }
}

/// A string of these UTF-8 bytes.
pub fn from_bytes<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Value<'js>> {
    // SAFETY: QuickJS copies the bytes. A failure is a thrown exception.
    unsafe {
        let value = qjs::JS_NewStringLen(raw(ctx), bytes.as_ptr().cast(), bytes.len() as _);
        if qjs::JS_IsException(value) { Err(Error::Exception) } else { Ok(Value::from_raw(ctx.clone(), value)) }
    }
}
