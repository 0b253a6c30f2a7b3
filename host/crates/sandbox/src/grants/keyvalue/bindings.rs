//! The generated Rust bindings of `wit/keyvalue`.

wasmtime::component::bindgen!({
    path: "wit/keyvalue",
    world: "imports",
    imports: { default: async | trappable },
    with: { "wasi:keyvalue/store.bucket": super::view::Bucket },
});
