//! The generated Rust bindings of `wit/since-0.2`, the newest version. The rest of the host uses these types.

wasmtime::component::bindgen!({
    path: "../../../wit/since-0.2",
    world: "processor",
    imports: { default: async | trappable },
    exports: { default: async },
});
