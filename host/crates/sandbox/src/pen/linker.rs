//! What a component may import. It is linked once per engine.

use wasmtime::component::{HasSelf, Linker};

use super::state::PenState;
use crate::grants;
use crate::interface::{self, job_context, types};

/// A plugin whose imports are linked, ready to be instantiated.
pub type GuestPre = interface::ProcessorPre<PenState>;

/// Links everything that a plugin may import. Imports that the plugin's entry does not grant are linked too; a call to
/// them returns the denial. A missing import would be an error without location or reason.
pub fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<PenState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    types::add_to_linker::<_, HasSelf<PenState>>(&mut linker, |state| state)?;
    job_context::add_to_linker::<_, HasSelf<PenState>>(&mut linker, |state| state)?;
    grants::link(&mut linker)?;
    Ok(linker)
}
