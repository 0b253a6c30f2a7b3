//! What a call of `wasi:keyvalue` uses of a pen.

use wasmtime::component::ResourceTable;

use crate::current_job::CurrentJob;

/// An open store. Each plugin has exactly one, so this type holds nothing.
pub struct Bucket;

/// What a call uses of a pen.
pub struct View<'a> {
    /// The limits of the plugin's data. `None`: the plugin has no grant.
    pub grant: Option<&'a toril_config::KeyValue>,
    pub table: &'a mut ResourceTable,
    pub job: &'a CurrentJob,
}
