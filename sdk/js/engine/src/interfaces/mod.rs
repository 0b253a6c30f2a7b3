//! The modules that JavaScript imports by the names of WIT interfaces, and `toril:engine/native`. Values have the shapes
//! of the component model's JavaScript bindings: records are objects, variants are `{ tag, val }`, an error is thrown.

mod config;
mod context;
mod environment;
mod jobs;
mod keyvalue;
mod postgres;
#[cfg(feature = "sockets")]
mod sockets;

use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::{Declarations, Declared, Exports, ModuleDef};
use rquickjs::{Ctx, Error, Module, Object, Result, Value};

use crate::native;

pub use context::{cancelled_callback, listens_for_cancellation, on_cancelled};
pub use environment::{note_early_read, take_early_reads};

/// Module names are absolute. A name that is not a module of the engine is that of a module that was evaluated before.
pub struct Names;

impl Resolver for Names {
    fn resolve<'js>(&mut self, _: &Ctx<'js>, _: &str, name: &str, _: Option<ImportAttributes<'js>>) -> Result<String> {
        Ok(name.to_owned())
    }
}

/// Creates the modules of the engine. QuickJS finds evaluated modules itself.
pub struct Modules {
    /// In the compiler, every other module is an empty one: its imports are linked when it is evaluated.
    pub is_compiler: bool,
}

impl Loader for Modules {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        let ctx = ctx.clone();
        match name {
            NATIVE => Module::declare_def::<Native, _>(ctx, name),
            // JavaScript that needs such functions imports these names, which tells the builder to choose a larger engine.
            WEB if cfg!(feature = "web") => Module::declare(ctx, name, ""),
            FULL if cfg!(feature = "full") => Module::declare(ctx, name, ""),
            #[cfg(feature = "sockets")]
            sockets::NAME => Module::declare_def::<sockets::Interface, _>(ctx, name),
            context::NAME => Module::declare_def::<context::Interface, _>(ctx, name),
            jobs::NAME => Module::declare_def::<jobs::Interface, _>(ctx, name),
            environment::NAME => Module::declare_def::<environment::Interface, _>(ctx, name),
            config::NAME => Module::declare_def::<config::Interface, _>(ctx, name),
            keyvalue::STORE => Module::declare_def::<keyvalue::Store, _>(ctx, name),
            keyvalue::ATOMICS => Module::declare_def::<keyvalue::Atomics, _>(ctx, name),
            postgres::NAME => Module::declare_def::<postgres::Interface, _>(ctx, name),
            _ if self.is_compiler => Module::declare(ctx, name, ""),
            _ => Err(Error::new_loading_message(name, "it is not part of the bundle and not a module of the engine")),
        }
    }
}

const NATIVE: &str = "toril:engine/native";
const WEB: &str = "toril:engine/web";
const FULL: &str = "toril:engine/full";

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

/// A whole number that is not negative: a BigInt or a number.
fn whole(value: &Value<'_>) -> Option<u64> {
    if let Some(big) = value.as_big_int() {
        return u64::try_from(big.clone().to_i64().ok()?).ok();
    }
    let number = value.as_number().filter(|number| *number >= 0.0 && number.fract() == 0.0)?;
    Some(number as u64)
}
