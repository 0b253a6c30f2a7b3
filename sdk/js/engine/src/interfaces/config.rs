//! `wasi:config/store`.

use rquickjs::module::{Declarations, Exports, ModuleDef};
use rquickjs::{Ctx, Result, prelude::Func};

use super::throw;
use crate::bindings::wasi::config::store::{self, Error};
use crate::realm;

pub const NAME: &str = "wasi:config/store@0.2.0-rc.1";

pub struct Interface;

impl ModuleDef for Interface {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        declarations.declare("get").map(|_| ())
    }

    fn evaluate<'js>(_: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        exports.export("get", Func::from(get)).map(|_| ())
    }
}

fn get(ctx: Ctx<'_>, key: String) -> Result<Option<String>> {
    if !realm::is_live() {
        return Err(throw(
            &ctx,
            "upstream",
            Some("settings are not available at the top level and in warmup(): read them in the handler"),
        ));
    }
    store::get(&key).map_err(|error| match error {
        Error::Upstream(reason) => throw(&ctx, "upstream", Some(&reason)),
        Error::Io(reason) => throw(&ctx, "io", Some(&reason)),
    })
}
