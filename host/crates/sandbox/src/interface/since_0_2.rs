//! The Rust side of `wit/since-0.2`, generated. The newest: everything else in the host deals in its types.

wasmtime::component::bindgen!({
    path: "../../../wit/since-0.2",
    world: "processor",
    imports: { default: async | trappable },
    exports: { default: async },
});
