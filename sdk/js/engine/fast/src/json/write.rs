//! Writes the engine's values as JSON, as `JSON.stringify` without a replacer and without indentation does.

use std::slice;

use rquickjs::{Ctx, Value, qjs};

use super::raw;

/// Deeper values go to QuickJS's function, which checks the stack and finds cycles.
const DEEPEST: u32 = 100;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// QuickJS's numbers of the classes whose JSON is that of their properties. All others are left to QuickJS.
const CLASS_OBJECT: u32 = 1;
const CLASS_ARRAY: u32 = 2;
const CLASS_ERROR: u32 = 3;

/// JavaScript threw an exception, which the context holds.
#[derive(Debug)]
pub struct Thrown;

pub enum Written {
    Text(Vec<u8>),
    /// The value has no JSON: `undefined`, a function or a symbol.
    Nothing,
}

/// A value's JSON.
pub fn value<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Written, Thrown> {
    // SAFETY: the context and the value are alive during the call. This holds for all functions below.
    unsafe {
        let to_json = qjs::JS_NewAtomLen(raw(ctx), c"toJSON".as_ptr(), 6);
        let mut writer = Writer { ctx: raw(ctx), out: Vec::with_capacity(256), to_json };
        let is_written = writer.value(value.as_raw(), Key::Text(b""), 0);
        let out = std::mem::take(&mut writer.out);
        qjs::JS_FreeAtom(raw(ctx), to_json);
        Ok(if is_written? { Written::Text(out) } else { Written::Nothing })
    }
}

struct Writer {
    ctx: *mut qjs::JSContext,
    out: Vec<u8>,
    to_json: qjs::JSAtom,
}

/// Where a value stands, for `toJSON`.
#[derive(Clone, Copy)]
enum Key<'a> {
    Text(&'a [u8]),
    Index(u32),
}

/// A value that is freed at the end of its scope.
struct Owned {
    ctx: *mut qjs::JSContext,
    value: qjs::JSValue,
}

impl Drop for Owned {
    fn drop(&mut self) {
        unsafe { qjs::JS_FreeValue(self.ctx, self.value) };
    }
}

impl Writer {
    unsafe fn own(&self, value: qjs::JSValue) -> Result<Owned, Thrown> {
        if unsafe { qjs::JS_IsException(value) } { Err(Thrown) } else { Ok(Owned { ctx: self.ctx, value }) }
    }

    /// Writes a value. False if it has no JSON.
    unsafe fn value(&mut self, value: qjs::JSValue, key: Key<'_>, depth: u32) -> Result<bool, Thrown> {
        unsafe {
            if qjs::JS_IsString(value) {
                self.string(value)?;
                return Ok(true);
            }
            match qjs::JS_VALUE_GET_NORM_TAG(value) {
                qjs::JS_TAG_INT => self.integer(qjs::JS_VALUE_GET_INT(value)),
                qjs::JS_TAG_BOOL if qjs::JS_VALUE_GET_BOOL(value) => self.out.extend_from_slice(b"true"),
                qjs::JS_TAG_BOOL => self.out.extend_from_slice(b"false"),
                qjs::JS_TAG_NULL => self.out.extend_from_slice(b"null"),
                qjs::JS_TAG_UNDEFINED | qjs::JS_TAG_SYMBOL => return Ok(false),
                qjs::JS_TAG_FLOAT64 => self.float(value)?,
                qjs::JS_TAG_OBJECT => return self.object(value, key, depth),
                // BigInt, which has no JSON but may have a `toJSON`.
                _ => return self.leave(value),
            }
            Ok(true)
        }
    }

    unsafe fn object(&mut self, value: qjs::JSValue, key: Key<'_>, depth: u32) -> Result<bool, Thrown> {
        unsafe {
            if depth > DEEPEST {
                return self.leave(value);
            }
            match qjs::JS_HasProperty(self.ctx, value, self.to_json) {
                0 => {}
                1 => {
                    let to_json = self.own(qjs::JS_GetProperty(self.ctx, value, self.to_json))?;
                    if qjs::JS_IsFunction(self.ctx, to_json.value) {
                        let replaced = self.call_to_json(&to_json, value, key)?;
                        return match qjs::JS_VALUE_GET_NORM_TAG(replaced.value) {
                            qjs::JS_TAG_OBJECT => self.contents(replaced.value, depth),
                            _ => self.value(replaced.value, key, depth),
                        };
                    }
                }
                _ => return Err(Thrown),
            }
            self.contents(value, depth)
        }
    }

    unsafe fn call_to_json(&self, to_json: &Owned, this: qjs::JSValue, key: Key<'_>) -> Result<Owned, Thrown> {
        unsafe {
            let index;
            let text = match key {
                Key::Text(text) => text,
                Key::Index(number) => {
                    index = number.to_string();
                    index.as_bytes()
                }
            };
            let key = self.own(qjs::JS_NewStringLen(self.ctx, text.as_ptr().cast(), text.len() as _))?;
            let mut arguments = [key.value];
            self.own(qjs::JS_Call(self.ctx, to_json.value, this, 1, arguments.as_mut_ptr()))
        }
    }

    unsafe fn contents(&mut self, value: qjs::JSValue, depth: u32) -> Result<bool, Thrown> {
        unsafe {
            match qjs::JS_GetClassID(value) as u32 {
                CLASS_ARRAY => self.array(value, depth)?,
                CLASS_OBJECT | CLASS_ERROR => self.properties(value, depth)?,
                _ => return self.leave(value),
            }
            Ok(true)
        }
    }

    unsafe fn array(&mut self, value: qjs::JSValue, depth: u32) -> Result<(), Thrown> {
        unsafe {
            let mut length = 0;
            if qjs::JS_GetLength(self.ctx, value, &mut length) < 0 {
                return Err(Thrown);
            }
            self.out.push(b'[');
            for index in 0..u32::try_from(length).unwrap_or(u32::MAX) {
                if index > 0 {
                    self.out.push(b',');
                }
                let item = self.own(qjs::JS_GetPropertyUint32(self.ctx, value, index))?;
                if !self.value(item.value, Key::Index(index), depth + 1)? {
                    self.out.extend_from_slice(b"null");
                }
            }
            self.out.push(b']');
            Ok(())
        }
    }

    unsafe fn properties(&mut self, value: qjs::JSValue, depth: u32) -> Result<(), Thrown> {
        unsafe {
            let mut table = std::ptr::null_mut();
            let mut count = 0;
            let which = qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_ENUM_ONLY;
            if qjs::JS_GetOwnPropertyNames(self.ctx, &mut table, &mut count, value, which as _) < 0 {
                return Err(Thrown);
            }
            self.out.push(b'{');
            let mut is_first = true;
            let mut result = Ok(());
            for index in 0..count as usize {
                match self.property(value, (*table.add(index)).atom, is_first, depth) {
                    Ok(is_written) => is_first &= !is_written,
                    Err(Thrown) => {
                        result = Err(Thrown);
                        break;
                    }
                }
            }
            qjs::JS_FreePropertyEnum(self.ctx, table, count);
            self.out.push(b'}');
            result
        }
    }

    unsafe fn property(
        &mut self,
        object: qjs::JSValue,
        name: qjs::JSAtom,
        is_first: bool,
        depth: u32,
    ) -> Result<bool, Thrown> {
        unsafe {
            let value = self.own(qjs::JS_GetProperty(self.ctx, object, name))?;
            let mark = self.out.len();
            if !is_first {
                self.out.push(b',');
            }
            let mut length: qjs::size_t = 0;
            let text = qjs::JS_AtomToCStringLen(self.ctx, &mut length, name);
            if text.is_null() {
                return Err(Thrown);
            }
            let bytes = slice::from_raw_parts(text.cast(), length as usize);
            self.quoted(bytes);
            self.out.push(b':');
            let is_written = self.value(value.value, Key::Text(bytes), depth + 1);
            qjs::JS_FreeCString(self.ctx, text);
            if !matches!(is_written, Ok(true)) {
                self.out.truncate(mark);
            }
            is_written
        }
    }

    /// Lets QuickJS write a value.
    unsafe fn leave(&mut self, value: qjs::JSValue) -> Result<bool, Thrown> {
        unsafe {
            let undefined = qjs::JS_MKVAL(qjs::JS_TAG_UNDEFINED, 0);
            let text = qjs::JS_JSONStringify(self.ctx, value, undefined, undefined);
            if qjs::JS_IsException(text) && qjs::JS_VALUE_GET_NORM_TAG(value) != qjs::JS_TAG_OBJECT {
                // Node's message, which programs show to people.
                qjs::JS_FreeValue(self.ctx, qjs::JS_GetException(self.ctx));
                qjs::JS_ThrowTypeError(self.ctx, c"Do not know how to serialize a BigInt".as_ptr());
                return Err(Thrown);
            }
            let text = self.own(text)?;
            if qjs::JS_VALUE_GET_NORM_TAG(text.value) == qjs::JS_TAG_UNDEFINED {
                return Ok(false);
            }
            self.with_bytes(text.value, |writer, bytes| writer.out.extend_from_slice(bytes))?;
            Ok(true)
        }
    }

    fn integer(&mut self, number: i32) {
        let mut digits = [0_u8; 11];
        let mut rest = number.unsigned_abs();
        let mut at = digits.len();
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            at -= 1;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            self.out.push(b'-');
        }
        self.out.extend_from_slice(digits.get(at..).unwrap_or_default());
    }

    unsafe fn float(&mut self, value: qjs::JSValue) -> Result<(), Thrown> {
        unsafe {
            if !qjs::JS_VALUE_GET_FLOAT64(value).is_finite() {
                self.out.extend_from_slice(b"null");
                return Ok(());
            }
            let text = self.own(qjs::JS_ToString(self.ctx, value))?;
            self.with_bytes(text.value, |writer, bytes| writer.out.extend_from_slice(bytes))
        }
    }

    unsafe fn string(&mut self, value: qjs::JSValue) -> Result<(), Thrown> {
        unsafe { self.with_bytes(value, Self::quoted) }
    }

    unsafe fn with_bytes(&mut self, text: qjs::JSValue, write: impl FnOnce(&mut Self, &[u8])) -> Result<(), Thrown> {
        unsafe {
            let mut length: qjs::size_t = 0;
            let bytes = qjs::JS_ToCStringLen2(self.ctx, &mut length, text, false);
            if bytes.is_null() {
                return Err(Thrown);
            }
            write(self, slice::from_raw_parts(bytes.cast(), length as usize));
            qjs::JS_FreeCString(self.ctx, bytes);
            Ok(())
        }
    }

    /// Writes a string in quotes. Lone surrogates become escapes.
    fn quoted(&mut self, bytes: &[u8]) {
        self.out.reserve(bytes.len() + 2);
        self.out.push(b'"');
        let mut from = 0;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let surrogate = match (byte, bytes.get(at + 1), bytes.get(at + 2)) {
                (0xed, Some(&second @ 0xa0..=0xbf), Some(&third)) => Some((second, third)),
                _ => None,
            };
            if surrogate.is_none() && byte >= 0x20 && byte != b'"' && byte != b'\\' {
                at += 1;
                continue;
            }
            self.out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
            at += match surrogate {
                Some((second, third)) => {
                    let unit = 0xd000 | (u16::from(second & 0x3f) << 6) | u16::from(third & 0x3f);
                    self.escape(unit);
                    3
                }
                None => {
                    self.control(byte);
                    1
                }
            };
            from = at;
        }
        self.out.extend_from_slice(bytes.get(from..).unwrap_or_default());
        self.out.push(b'"');
    }

    fn control(&mut self, byte: u8) {
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            0x09 => b't',
            0x0a => b'n',
            0x0c => b'f',
            0x0d => b'r',
            other => return self.escape(u16::from(other)),
        };
        self.out.extend_from_slice(&[b'\\', short]);
    }

    fn escape(&mut self, unit: u16) {
        let digit = |shift: u16| HEX.get(usize::from(unit >> shift & 15)).copied().unwrap_or(b'0');
        self.out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
    }
}
