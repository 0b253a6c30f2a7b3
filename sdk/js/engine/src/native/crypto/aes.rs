//! AES in the modes GCM, CBC and CTR, for whole messages.

use rquickjs::prelude::{Func, Opt};
use rquickjs::{Ctx, Object};
use toril_js_crypto::aes::{self, BLOCK, Options, Refused};

use super::{Bytes, array, bytes, failed, type_error};

pub fn install(native: &Object<'_>) -> rquickjs::Result<()> {
    native.set("aes", Func::from(run))
}

fn run<'js>(
    ctx: Ctx<'js>,
    mode: String,
    encrypt: bool,
    key: Bytes<'js>,
    iv: Bytes<'js>,
    data: Bytes<'js>,
    options: Opt<Option<Object<'js>>>,
) -> rquickjs::Result<Bytes<'js>> {
    let options = read_options(&ctx, options.0.flatten())?;
    let (key, iv, data) = (bytes(&ctx, &key)?, bytes(&ctx, &iv)?, bytes(&ctx, &data)?);
    let made = aes::aes(&mode, encrypt, &key, &iv, data, &options);
    match made.ok_or_else(|| type_error(&ctx, "unknown mode of AES"))? {
        Ok(made) => array(&ctx, made),
        Err(Refused::Key) => Err(failed(&ctx, "Invalid key length")),
        Err(Refused::Iv) => Err(failed(&ctx, "Invalid initialization vector")),
        Err(Refused::Message) if mode == "gcm" => Err(failed(&ctx, "Unsupported state or unable to authenticate data")),
        Err(Refused::Message) => Err(failed(&ctx, "bad decrypt")),
    }
}

fn read_options<'js>(ctx: &Ctx<'js>, options: Option<Object<'js>>) -> rquickjs::Result<Options> {
    let Some(options) = options else { return Ok(Options { aad: Vec::new(), tag: BLOCK, pads: true, counter: 128 }) };
    let aad = match options.get::<_, Option<Bytes<'js>>>("aad")? {
        Some(aad) => bytes(ctx, &aad)?,
        None => Vec::new(),
    };
    let tag = options.get::<_, Option<usize>>("tagLength")?.unwrap_or(BLOCK);
    if !(4..=BLOCK).contains(&tag) {
        return Err(failed(ctx, "Invalid authentication tag length"));
    }
    Ok(Options {
        aad,
        tag,
        pads: options.get::<_, Option<bool>>("padding")?.unwrap_or(true),
        counter: options.get::<_, Option<u32>>("counterBits")?.unwrap_or(128),
    })
}
