//! The modules that JavaScript imports by the names of WIT interfaces, and `toril:engine/native`. Values have the shapes
//! of the component model's JavaScript bindings: records are objects, variants are `{ tag, val }`, an error is thrown.

mod config;
mod context;
mod jobs;
mod keyvalue;

use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::{Declarations, Declared, Exports, ModuleDef};
use rquickjs::{Ctx, Error, Module, Object, Result, Value};

use crate::native;

pub use context::{cancelled_callback, listens_for_cancellation, on_cancelled};

/// Module names are absolute.
pub struct Names;

impl Resolver for Names {
    fn resolve<'js>(&mut self, _: &Ctx<'js>, base: &str, name: &str, _: Option<ImportAttributes<'js>>) -> Result<String> {
        if is_known(name) { Ok(name.to_owned()) } else { Err(Error::new_resolving(base, name)) }
    }
}

/// Creates the modules.
pub struct Modules;

impl Loader for Modules {
    fn load<'js>(&mut self, ctx: &Ctx<'js>, name: &str, _: Option<ImportAttributes<'js>>) -> Result<Module<'js, Declared>> {
        let ctx = ctx.clone();
        match name {
            NATIVE => Module::declare_def::<Native, _>(ctx, name),
            context::NAME => Module::declare_def::<context::Interface, _>(ctx, name),
            jobs::NAME => Module::declare_def::<jobs::Interface, _>(ctx, name),
            config::NAME => Module::declare_def::<config::Interface, _>(ctx, name),
            keyvalue::STORE => Module::declare_def::<keyvalue::Store, _>(ctx, name),
            keyvalue::ATOMICS => Module::declare_def::<keyvalue::Atomics, _>(ctx, name),
            _ => Err(Error::new_loading(name)),
        }
    }
}

const NATIVE: &str = "toril:engine/native";

fn is_known(name: &str) -> bool {
    [NATIVE, context::NAME, jobs::NAME, config::NAME, keyvalue::STORE, keyvalue::ATOMICS].contains(&name)
}

struct Native;

impl ModuleDef for Native {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        declarations.declare("default").map(|_| ())
    }

    fn evaluate<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        exports.export("default", native::object(ctx)?).map(|_| ())
    }
}

/// Throws `{ tag, val }`, as the JavaScript bindings of a component do for an error of the host.
fn throw<'js>(ctx: &Ctx<'js>, tag: &str, val: Option<&str>) -> Error {
    let thrown = Object::new(ctx.clone()).and_then(|object| {
        object.set("tag", tag)?;
        object.set("val", val)?;
        Ok(object.into_value())
    });
    match thrown {
        Ok(value) => ctx.throw(value),
        Err(error) => error,
    }
}

/// A property that may be undefined or null.
fn optional<'js, T: rquickjs::FromJs<'js>>(object: &Object<'js>, key: &str) -> Result<Option<T>> {
    let value: Value = object.get(key)?;
    if value.is_undefined() || value.is_null() { Ok(None) } else { T::from_js(object.ctx(), value).map(Some) }
}
