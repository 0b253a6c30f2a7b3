//! Turns a JavaScript module into a plugin: the JavaScript engine of `sdk/js/engine` with a snapshot of its memory in which the
//! module is loaded already. A host runs such a component like any other, and knows nothing about JavaScript.
//!
//! | module | holds |
//! | --- | --- |
//! | `component` | `build`: from a bundle to a component |
//! | `snapshot` | runs the engine at build time and takes its memory |
//! | `positions` | from a source map to what the engine shows in stacks |
//! | `module` | changes the sections of a core module |
//! | `runtime` | which Web APIs a bundle gets |
//! | `uses` | what a bundle reaches of the host |
//! | `artifact` | the compiled engine on disk |
//! | `engine` | the embedded engine and its runtime |

#![warn(missing_docs)]

mod artifact;
mod component;
mod engine;
mod error;
mod module;
mod positions;
mod runtime;
mod snapshot;
mod uses;

pub use component::{Component, EarlyRead, Kind, Source, build};
pub use engine::Engine;
pub use error::BuildError;
pub use uses::{SECTION as USES_SECTION, Uses};
