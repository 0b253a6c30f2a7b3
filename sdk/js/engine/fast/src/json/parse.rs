//! Parses JSON (RFC 8259) into the engine's values.

use rquickjs::{Ctx, Value, qjs};

use super::raw;

/// Deeper documents go to QuickJS's parser.
const DEEPEST: u32 = 200;
/// Deeper documents are an error: QuickJS's parser would overflow the machine's stack, which it cannot see.
const DEEPEST_OF_QUICKJS: usize = 5_000;
/// Up to that many keys, an object is made in one call.
const FEW_KEYS: usize = 32;

/// The document's value. `None` if it is left to QuickJS's parser, which then also reports errors.
pub fn document<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Option<Value<'js>> {
    let mut parser = Parser { ctx: raw(ctx), bytes, at: 0, keys: Vec::new(), values: Vec::new() };
    let value = parser.value(0).and_then(|value| {
        parser.skip_space();
        if parser.at == bytes.len() {
            return Some(value);
        }
        // SAFETY: the value is ours, and used no more.
        unsafe { qjs::JS_FreeValue(parser.ctx, value) };
        None
    });
    // SAFETY: the value was made for this context, and belongs to the caller from now on.
    value.map(|value| unsafe { Value::from_raw(ctx.clone(), value) })
}

/// Whether a document is too deep for both parsers. It may also be invalid: its brackets are counted, outside of strings.
pub fn is_too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST_OF_QUICKJS {
            return true;
        }
    }
    false
}

struct Parser<'a> {
    ctx: *mut qjs::JSContext,
    bytes: &'a [u8],
    at: usize,
    /// The keys and values of the objects and arrays that are not complete yet.
    keys: Vec<qjs::JSAtom>,
    values: Vec<qjs::JSValue>,
}

impl Drop for Parser<'_> {
    fn drop(&mut self) {
        // SAFETY: what is still here was never given away.
        unsafe {
            for key in self.keys.drain(..) {
                qjs::JS_FreeAtom(self.ctx, key);
            }
            for value in self.values.drain(..) {
                qjs::JS_FreeValue(self.ctx, value);
            }
        }
    }
}

/// A string of the document.
enum Text {
    /// Without escapes: its bytes in the document.
    Plain(usize, usize),
    Escaped(Vec<u16>),
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn value(&mut self, depth: u32) -> Option<qjs::JSValue> {
        self.skip_space();
        match self.peek()? {
            b'"' => self.string(),
            b'{' if depth < DEEPEST => self.object(depth),
            b'[' if depth < DEEPEST => self.array(depth),
            b't' => self.word(b"true", qjs::JS_MKVAL(qjs::JS_TAG_BOOL, 1)),
            b'f' => self.word(b"false", qjs::JS_MKVAL(qjs::JS_TAG_BOOL, 0)),
            b'n' => self.word(b"null", qjs::JS_MKVAL(qjs::JS_TAG_NULL, 0)),
            b'-' | b'0'..=b'9' => self.number(),
            _ => None,
        }
    }

    fn word(&mut self, word: &[u8], value: qjs::JSValue) -> Option<qjs::JSValue> {
        self.bytes.get(self.at..)?.starts_with(word).then(|| {
            self.at += word.len();
            value
        })
    }

    fn object(&mut self, depth: u32) -> Option<qjs::JSValue> {
        self.at += 1;
        let (first_key, first_value) = (self.keys.len(), self.values.len());
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            // SAFETY: the context is alive during the whole parse. This holds for all calls below.
            return valid(unsafe { qjs::JS_NewObject(self.ctx) });
        }
        loop {
            self.skip_space();
            self.key()?;
            self.expect(b':')?;
            let value = self.value(depth + 1)?;
            self.values.push(value);
            self.skip_space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return None,
            }
        }
        self.at += 1;
        self.finish_object(first_key, first_value)
    }

    fn finish_object(&mut self, first_key: usize, first_value: usize) -> Option<qjs::JSValue> {
        let keys = self.keys.get(first_key..)?;
        let values = self.values.get(first_value..)?;
        let is_distinct = |index: usize| !keys.iter().take(index).any(|key| Some(key) == keys.get(index));
        let object = if keys.len() <= FEW_KEYS && (1..keys.len()).all(is_distinct) {
            // Takes the values.
            unsafe { qjs::JS_NewObjectFrom(self.ctx, keys.len() as _, keys.as_ptr(), values.as_ptr()) }
        } else {
            unsafe {
                let object = qjs::JS_NewObject(self.ctx);
                for (key, value) in keys.iter().zip(values) {
                    // Takes the value. The last of several equal keys wins.
                    qjs::JS_DefinePropertyValue(self.ctx, object, *key, *value, qjs::JS_PROP_C_W_E as _);
                }
                object
            }
        };
        for key in self.keys.drain(first_key..) {
            unsafe { qjs::JS_FreeAtom(self.ctx, key) };
        }
        self.values.truncate(first_value);
        valid(object)
    }

    fn array(&mut self, depth: u32) -> Option<qjs::JSValue> {
        self.at += 1;
        let first = self.values.len();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return valid(unsafe { qjs::JS_NewArray(self.ctx) });
        }
        loop {
            let value = self.value(depth + 1)?;
            self.values.push(value);
            self.skip_space();
            match self.peek()? {
                b',' => self.at += 1,
                b']' => break,
                _ => return None,
            }
        }
        self.at += 1;
        let values = self.values.get(first..)?;
        // Takes the values.
        let array = unsafe { qjs::JS_NewArrayFrom(self.ctx, values.len() as _, values.as_ptr()) };
        self.values.truncate(first);
        valid(array)
    }

    /// Adds a key. An object with the key `__proto__` is left to QuickJS: here it would set the prototype.
    fn key(&mut self) -> Option<()> {
        let key = match self.text()? {
            Text::Plain(from, to) => {
                let bytes = self.bytes.get(from..to)?;
                if bytes == b"__proto__" {
                    return None;
                }
                unsafe { qjs::JS_NewAtomLen(self.ctx, bytes.as_ptr().cast(), bytes.len() as _) }
            }
            Text::Escaped(units) => {
                if units.iter().copied().eq("__proto__".encode_utf16()) {
                    return None;
                }
                unsafe {
                    let text = qjs::JS_NewStringUTF16(self.ctx, units.as_ptr(), units.len() as _);
                    let key = qjs::JS_ValueToAtom(self.ctx, text);
                    qjs::JS_FreeValue(self.ctx, text);
                    key
                }
            }
        };
        self.keys.push(key);
        Some(())
    }

    fn string(&mut self) -> Option<qjs::JSValue> {
        valid(match self.text()? {
            Text::Plain(from, to) => {
                let bytes = self.bytes.get(from..to)?;
                unsafe { qjs::JS_NewStringLen(self.ctx, bytes.as_ptr().cast(), bytes.len() as _) }
            }
            Text::Escaped(units) => unsafe { qjs::JS_NewStringUTF16(self.ctx, units.as_ptr(), units.len() as _) },
        })
    }

    fn text(&mut self) -> Option<Text> {
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(Text::Plain(start, self.at - 1));
                }
                b'\\' => return self.escaped(start),
                0..=0x1f => return None,
                _ => self.at += 1,
            }
        }
    }

    /// The rest of a string whose first escape is here.
    fn escaped(&mut self, start: usize) -> Option<Text> {
        let mut units = Vec::new();
        self.add_plain(start, &mut units)?;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(Text::Escaped(units));
                }
                0..=0x1f => return None,
                b'\\' => {
                    self.at += 1;
                    units.push(self.escape()?);
                }
                _ => {
                    let start = self.at;
                    while !matches!(self.peek()?, b'"' | b'\\' | 0..=0x1f) {
                        self.at += 1;
                    }
                    self.add_plain(start, &mut units)?;
                }
            }
        }
    }

    /// `None` for a text with encoded surrogates, which is left to QuickJS.
    fn add_plain(&self, start: usize, units: &mut Vec<u16>) -> Option<()> {
        let text = std::str::from_utf8(self.bytes.get(start..self.at)?).ok()?;
        units.extend(text.encode_utf16());
        Some(())
    }

    fn escape(&mut self) -> Option<u16> {
        let kind = self.peek()?;
        self.at += 1;
        Some(match kind {
            b'"' | b'\\' | b'/' => u16::from(kind),
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => 0x0a,
            b'r' => 0x0d,
            b't' => 0x09,
            b'u' => {
                let digits = self.bytes.get(self.at..self.at + 4)?;
                let unit =
                    digits.iter().try_fold(0_u32, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))?;
                self.at += 4;
                u16::try_from(unit).ok()?
            }
            _ => return None,
        })
    }

    fn number(&mut self) -> Option<qjs::JSValue> {
        let start = self.at;
        let is_negative = self.peek() == Some(b'-');
        self.at += usize::from(is_negative);
        let first = self.at;
        let digits = self.digits()?;
        if digits > 1 && self.bytes.get(first) == Some(&b'0') {
            return None;
        }
        let mut is_whole = true;
        if self.peek() == Some(b'.') {
            is_whole = false;
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            is_whole = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = std::str::from_utf8(self.bytes.get(start..self.at)?).ok()?;
        // Minus zero is no integer.
        if is_whole && digits < 10 && text != "-0" {
            return Some(qjs::JS_MKVAL(qjs::JS_TAG_INT, text.parse().ok()?));
        }
        Some(qjs::JS_NewFloat64(text.parse().ok()?))
    }

    /// Skips digits, at least one.
    fn digits(&mut self) -> Option<usize> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        (self.at > start).then_some(self.at - start)
    }
}

/// `None` if QuickJS threw, which only happens without memory. Its own parser then throws again.
fn valid(value: qjs::JSValue) -> Option<qjs::JSValue> {
    (!unsafe { qjs::JS_IsException(value) }).then_some(value)
}
