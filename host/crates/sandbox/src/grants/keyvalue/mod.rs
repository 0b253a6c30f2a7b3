//! The grant `keyvalue`: a plugin's own data, through `wasi:keyvalue`. The implementation of
//! [`KeyValue`](toril_job::KeyValue) decides where it is stored.

mod bindings;
mod host;
mod view;

use wasmtime::component::{HasData, Linker};

pub use view::View;

use toril_config::Plugin;

/// The interface that uses this grant.
pub const INTERFACE: &str = "wasi:keyvalue/store";
/// The line in the plugin's entry.
pub const LINE: &str = "keyvalue = true";

/// The limits of the plugin's data. `None`: the plugin has no grant.
pub type Prepared = Option<toril_config::KeyValue>;

/// Reads the grant from a configuration entry.
pub fn prepare(entry: &Plugin) -> Prepared {
    entry.keyvalue.clone()
}

/// The data of a store whose guest may use key-value data.
pub trait KeyValueHost: Send + 'static {
    /// What a call uses of it.
    fn keyvalue(&mut self) -> View<'_>;
}

struct HasKeyValue;

impl HasData for HasKeyValue {
    type Data<'a> = View<'a>;
}

/// Links the interfaces.
pub fn link<T: KeyValueHost>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    bindings::Imports::add_to_linker::<T, HasKeyValue>(linker, T::keyvalue)
}
