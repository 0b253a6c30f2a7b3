//! The Rust side of `wit/since-0.1`, generated.

wasmtime::component::bindgen!({
    path: "../wit/since-0.1",
    world: "processor",
    imports: { default: async | trappable },
    exports: { default: async },
});
