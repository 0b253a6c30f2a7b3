//! Bindings of the plugin interface, generated from its WIT. Those of WASI come from the crate `wasip2`.
#![allow(missing_docs, clippy::all, reason = "generated code")]

wit_bindgen::generate!({
    path: ["../../../wit/since-0.2", "../wit/wasi-config", "../wit/wasi-keyvalue", "wit"],
    world: "toril:js-engine/engine",
    with: { "wasi:io/poll@0.2.0": wasip2::io::poll },
    generate_all,
});
