//! `wasi:keyvalue/store` and `wasi:keyvalue/atomics`. There is one store per plugin, so a bucket is an object without
//! state, and the resource is opened for each call.

use rquickjs::module::{Declarations, Exports, ModuleDef};
use rquickjs::prelude::{Func, Opt, This};
use rquickjs::{BigInt, Ctx, Object, Result, TypedArray, Value};

use super::throw;
use crate::bindings::wasi::keyvalue::atomics;
use crate::bindings::wasi::keyvalue::store::{self, Bucket, Error};
use crate::{native, realm};

pub const STORE: &str = "wasi:keyvalue/store@0.2.0-draft";
pub const ATOMICS: &str = "wasi:keyvalue/atomics@0.2.0-draft";

pub struct Store;

impl ModuleDef for Store {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        declarations.declare("open").map(|_| ())
    }

    fn evaluate<'js>(_: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        exports.export("open", Func::from(open)).map(|_| ())
    }
}

pub struct Atomics;

impl ModuleDef for Atomics {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        declarations.declare("increment").map(|_| ())
    }

    fn evaluate<'js>(_: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        exports.export("increment", Func::from(increment)).map(|_| ())
    }
}

/// A bucket with the methods of the resource. It keeps its identifier.
fn open<'js>(ctx: Ctx<'js>, identifier: String) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("identifier", identifier)?;
    // Fails here if the host refuses it, as the resource's constructor does.
    bucket(&object)?;
    object.set("get", Func::from(get))?;
    object.set("set", Func::from(set))?;
    object.set("delete", Func::from(delete))?;
    object.set("exists", Func::from(exists))?;
    object.set("listKeys", Func::from(list_keys))?;
    Ok(object)
}

fn bucket(object: &Object<'_>) -> Result<Bucket> {
    let ctx = object.ctx();
    if !realm::is_live() {
        let reason = "key-value data is not available at the top level and in warmup(): use it in the handler";
        return Err(throw(ctx, "other", Some(reason)));
    }
    let identifier: String = object.get("identifier")?;
    store::open(&identifier).map_err(|error| failed(ctx, error))
}

fn get<'js>(ctx: Ctx<'js>, this: This<Object<'js>>, key: String) -> Result<Option<TypedArray<'js, u8>>> {
    let bytes = bucket(&this)?.get(&key).map_err(|error| failed(&ctx, error))?;
    bytes.map(|bytes| TypedArray::new(ctx, bytes)).transpose()
}

fn set<'js>(ctx: Ctx<'js>, this: This<Object<'js>>, key: String, value: TypedArray<'js, u8>) -> Result<()> {
    let value = native::bytes(&ctx, &value)?;
    bucket(&this)?.set(&key, &value).map_err(|error| failed(&ctx, error))
}

fn delete<'js>(ctx: Ctx<'js>, this: This<Object<'js>>, key: String) -> Result<()> {
    bucket(&this)?.delete(&key).map_err(|error| failed(&ctx, error))
}

fn exists<'js>(ctx: Ctx<'js>, this: This<Object<'js>>, key: String) -> Result<bool> {
    bucket(&this)?.exists(&key).map_err(|error| failed(&ctx, error))
}

fn list_keys<'js>(ctx: Ctx<'js>, this: This<Object<'js>>, cursor: Opt<Value<'js>>) -> Result<Object<'js>> {
    let cursor = cursor.0.and_then(|cursor| whole(&cursor)).map(|cursor| cursor as u64);
    let page = bucket(&this)?.list_keys(cursor).map_err(|error| failed(&ctx, error))?;
    let answer = Object::new(ctx.clone())?;
    answer.set("keys", page.keys)?;
    if let Some(cursor) = page.cursor {
        answer.set("cursor", BigInt::from_u64(ctx, cursor)?)?;
    }
    Ok(answer)
}

/// Adds `delta` to a number. A negative one wraps around, as the host expects it.
fn increment<'js>(ctx: Ctx<'js>, this: Object<'js>, key: String, delta: Value<'js>) -> Result<f64> {
    let delta = whole(&delta).ok_or_else(|| native::type_error(&ctx, "the delta is not a whole number"))?;
    let sum = atomics::increment(&bucket(&this)?, &key, delta as u64).map_err(|error| failed(&ctx, error))?;
    Ok(sum as i64 as f64)
}

/// A whole number: a BigInt, or a number without a fraction.
fn whole(value: &Value<'_>) -> Option<i64> {
    if let Some(big) = value.as_big_int() {
        return big.clone().to_i64().ok();
    }
    let number = value.as_number()?;
    (number.fract() == 0.0).then_some(number as i64)
}

fn failed(ctx: &Ctx<'_>, error: Error) -> rquickjs::Error {
    match error {
        Error::NoSuchStore => throw(ctx, "no-such-store", None),
        Error::AccessDenied => throw(ctx, "access-denied", None),
        Error::Other(reason) => throw(ctx, "other", Some(&reason)),
    }
}
