//! Bindings of the plugin interface, generated from its WIT. Those of WASI come from the crate `wasip2`.
#![allow(missing_docs, clippy::all, reason = "generated code")]

wit_bindgen::generate!({
    path: ["../../../wit/since-0.2", "../wit/wasi-config", "../wit/wasi-keyvalue", "wit"],
    world: "toril:js-engine/engine",
    with: { "wasi:io/poll@0.2.0": wasip2::io::poll },
    generate_all,
});

/// The interface for TLS on open connections.
#[cfg(feature = "sockets")]
pub mod tls {
    wit_bindgen::generate!({
        path: ["../wit/wasi-io-streams", "../wit/wasi-tls", "wit/sockets"],
        world: "toril:js-engine-sockets/sockets",
        with: {
            "wasi:io/error@0.2.12": wasip2::io::error,
            "wasi:io/poll@0.2.12": wasip2::io::poll,
            "wasi:io/streams@0.2.12": wasip2::io::streams,
        },
        generate_all,
    });
}
