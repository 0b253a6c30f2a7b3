//! The generated Rust bindings of `wit/sockets`, which also has the interface `tls` of `wit/since-0.2`. The interface
//! `network` is wasmtime-wasi's own, because its implementation of UDP, which denies everything, uses the same handles.

wasmtime::component::bindgen!({
    path: ["../../../wit/since-0.2", "wit/sockets"],
    interfaces: "include toril:sockets/imports;",
    imports: { default: async | trappable },
    trappable_error_type: { "wasi:sockets/network.error-code" => wasmtime_wasi::p2::SocketError },
    with: {
        "toril:plugin/tls.handshake": super::upgrade::Handshake,
        "wasi:io": wasmtime_wasi::p2::bindings::io,
        "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
        "wasi:sockets/network": wasmtime_wasi::p2::bindings::sockets::network,
        "wasi:sockets/ip-name-lookup.resolve-address-stream": super::lookup::LookUp,
        "wasi:sockets/tcp.tcp-socket": super::socket::Socket,
        "wasi:tls/types.client-handshake": super::tls::ClientHandshake,
        "wasi:tls/types.client-connection": super::tls::ClientConnection,
        "wasi:tls/types.future-client-streams": super::tls::RunningHandshake,
    },
});
