//! Text encodings and binary-to-text encodings.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use rquickjs::{Ctx, Object, String as JsString, TypedArray, prelude::Func};

use super::{bytes, type_error};

type Bytes<'js> = TypedArray<'js, u8>;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

pub fn install(native: &Object<'_>) -> rquickjs::Result<()> {
    native.set("utf8Encode", Func::from(utf8_encode))?;
    native.set("utf8Decode", Func::from(utf8_decode))?;
    native.set("latin1Encode", Func::from(latin1_encode))?;
    native.set("latin1Decode", Func::from(latin1_decode))?;
    native.set("base64Encode", Func::from(base64_encode))?;
    native.set("base64Decode", Func::from(base64_decode))?;
    native.set(
        "hexEncode",
        Func::from(|ctx: Ctx<'_>, data: Bytes<'_>| Ok::<_, rquickjs::Error>(hex::encode(bytes(&ctx, &data)?))),
    )?;
    native.set("hexDecode", Func::from(hex_decode))
}

/// Lone surrogates become U+FFFD.
fn utf8_encode<'js>(ctx: Ctx<'js>, text: JsString<'js>) -> rquickjs::Result<Bytes<'js>> {
    let text = toril_js_fast::json::text::to_utf8(&ctx, &text)?;
    TypedArray::new(ctx, text)
}

/// `fatal`: invalid bytes throw a TypeError instead of becoming U+FFFD.
fn utf8_decode<'js>(ctx: Ctx<'js>, data: Bytes<'js>, fatal: bool) -> rquickjs::Result<JsString<'js>> {
    let data = bytes(&ctx, &data)?;
    match String::from_utf8(data) {
        Ok(text) => JsString::from_str(ctx, &text),
        Err(_) if fatal => Err(type_error(&ctx, "The encoded data was not valid for encoding utf-8")),
        Err(invalid) => JsString::from_str(ctx, &String::from_utf8_lossy(invalid.as_bytes())),
    }
}

/// Each UTF-16 unit's low byte, as Node's `latin1` does.
fn latin1_encode<'js>(ctx: Ctx<'js>, text: JsString<'js>) -> rquickjs::Result<Bytes<'js>> {
    let bytes: Vec<u8> = toril_js_fast::json::text::to_utf16(&ctx, &text)?.into_iter().map(|unit| unit as u8).collect();
    TypedArray::new(ctx, bytes)
}

fn latin1_decode<'js>(ctx: Ctx<'js>, data: Bytes<'js>) -> rquickjs::Result<String> {
    Ok(bytes(&ctx, &data)?.into_iter().map(char::from).collect())
}

fn base64_encode<'js>(ctx: Ctx<'js>, data: Bytes<'js>) -> rquickjs::Result<String> {
    Ok(STANDARD.encode(bytes(&ctx, &data)?))
}

/// Accepts padding or none, but no other characters than the standard alphabet. Throws a TypeError otherwise.
fn base64_decode<'js>(ctx: Ctx<'js>, text: String) -> rquickjs::Result<Bytes<'js>> {
    let decoded = STANDARD.decode(text).map_err(|_| type_error(&ctx, "the text is not base64"))?;
    TypedArray::new(ctx, decoded)
}

fn hex_decode<'js>(ctx: Ctx<'js>, text: String) -> rquickjs::Result<Bytes<'js>> {
    let decoded = hex::decode(text).map_err(|_| type_error(&ctx, "the text is not hexadecimal"))?;
    TypedArray::new(ctx, decoded)
}
