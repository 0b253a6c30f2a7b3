//! `toril:engine/sockets`: TCP connections. A callback gets `(error, value)`, each null if there is none. An error is a
//! text: the name of an error code of `wasi:sockets`, or the host's sentence.
//!
//! - `lookup(name, callback) -> id`: the value is an array of addresses. If the attempt ends first, the callback gets
//!   `connection-aborted` at the beginning of the next attempt in this instance.
//! - `connect(address, port, callback, lost) -> id`. If the attempt ends before `close`, `lost` gets `connection-aborted`
//!   in the same way. An error of the call itself is thrown as `{ tag: 'network', val }`.
//! - `addresses(id)` -> `[local, remote]` as `address:port`, or null
//! - `read(id, callback)`: the value is a Uint8Array, and null at the end. `stopReading(id)` forgets the callback.
//! - `write(id, bytes, callback)` -> true if all of it is written. Otherwise the callback follows.
//! - `end(id)`: ends the sending side
//! - `secure(id, server, callback)`: encrypts an open connection to the server of that name
//! - `keepAlive(id, isOn, seconds)`, `reference(id, isReferenced)`
//! - `close(id)`: no callback of the look-up or connection is called any more

use std::net::IpAddr;

use rquickjs::module::{Declarations, Exports, ModuleDef};
use rquickjs::prelude::Func;
use rquickjs::{Ctx, Error, Function, Persistent, Result, TypedArray};

use super::throw;
use crate::{addresses, native, sockets};

/// JavaScript that imports it gets the largest engine, which alone has it.
pub const NAME: &str = "toril:engine/sockets";

const NAMES: [&str; 11] = [
    "addresses",
    "close",
    "connect",
    "end",
    "keepAlive",
    "lookup",
    "read",
    "reference",
    "secure",
    "stopReading",
    "write",
];

pub struct Interface;

impl ModuleDef for Interface {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        NAMES.into_iter().try_for_each(|name| declarations.declare(name).map(|_| ()))
    }

    fn evaluate<'js>(_: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        exports.export("addresses", Func::from(addresses_of))?;
        exports.export("close", Func::from(sockets::close))?;
        exports.export("connect", Func::from(connect))?;
        exports.export("end", Func::from(end))?;
        exports.export("keepAlive", Func::from(keep_alive))?;
        exports.export("lookup", Func::from(lookup))?;
        exports.export("read", Func::from(read))?;
        exports.export("reference", Func::from(sockets::reference))?;
        exports.export("secure", Func::from(secure))?;
        exports.export("stopReading", Func::from(sockets::stop_reading))?;
        exports.export("write", Func::from(write))?;
        Ok(())
    }
}

fn lookup<'js>(ctx: Ctx<'js>, name: String, callback: Function<'js>) -> Result<u32> {
    sockets::lookup(&name, Persistent::save(&ctx, callback)).map_err(|error| failed(&ctx, addresses::name(error)))
}

fn connect<'js>(
    ctx: Ctx<'js>,
    address: String,
    port: u16,
    callback: Function<'js>,
    lost: Function<'js>,
) -> Result<u32> {
    let address: IpAddr = address.parse().map_err(|_| failed(&ctx, "invalid-argument"))?;
    let callbacks = (Persistent::save(&ctx, callback), Persistent::save(&ctx, lost));
    let connected = sockets::connect(address, port, callbacks.0, callbacks.1);
    connected.map_err(|error| failed(&ctx, addresses::name(error)))
}

fn addresses_of(id: u32) -> Option<Vec<String>> {
    sockets::addresses_of(id).map(|(local, remote)| vec![local, remote])
}

fn read<'js>(ctx: Ctx<'js>, id: u32, callback: Function<'js>) -> Result<()> {
    sockets::read(id, Persistent::save(&ctx, callback)).map_err(|error| failed(&ctx, error))
}

fn write<'js>(ctx: Ctx<'js>, id: u32, bytes: TypedArray<'js, u8>, callback: Function<'js>) -> Result<bool> {
    let bytes = native::bytes(&ctx, &bytes)?;
    sockets::write(id, bytes, Persistent::save(&ctx, callback)).map_err(|error| failed(&ctx, &error))
}

fn secure<'js>(ctx: Ctx<'js>, id: u32, server: String, callback: Function<'js>) -> Result<()> {
    sockets::secure(id, &server, Persistent::save(&ctx, callback)).map_err(|error| failed(&ctx, error))
}

fn end(ctx: Ctx<'_>, id: u32) -> Result<()> {
    sockets::end(id).map_err(|error| failed(&ctx, error))
}

fn keep_alive(ctx: Ctx<'_>, id: u32, is_on: bool, seconds: u32) -> Result<()> {
    sockets::keep_alive(id, is_on, seconds).map_err(|error| failed(&ctx, error))
}

fn failed(ctx: &Ctx<'_>, error: &str) -> Error {
    throw(ctx, "network", Some(error))
}
