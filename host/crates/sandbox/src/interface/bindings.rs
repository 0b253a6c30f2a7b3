//! The generated Rust bindings of `wit/since-0.2`.

wasmtime::component::bindgen!({
    path: "../../../wit/since-0.2",
    world: "processor",
    imports: { default: async | trappable },
    exports: { default: async },
    // The job is passed to the guest without a copy of its data.
    ownership: Borrowing { duplicate_if_necessary: true },
});
