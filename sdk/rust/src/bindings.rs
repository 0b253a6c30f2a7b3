//! The bindings that `wit-bindgen` generates from the plugin interface. Only [`crate::host`] and [`crate::export`]
//! use them. All other modules use this crate's own types, which exist on every target.

#![allow(unsafe_code, missing_docs, clippy::all)]

wit_bindgen::generate!({
    path: ["../../wit/since-0.2", "wit"],
    world: "toril:sdk/plugin",
    // A pollable of the host's calls is one of those that `wasip2` can wait for, and TLS takes the streams of its
    // sockets.
    with: {
        "wasi:io/poll@0.2.0": wasip2::io::poll,
        "wasi:io/error@0.2.12": wasip2::io::error,
        "wasi:io/poll@0.2.12": wasip2::io::poll,
        "wasi:io/streams@0.2.12": wasip2::io::streams,
    },
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export_component",
});
