//! The generated Rust bindings of `wit/since-0.2`.

wasmtime::component::bindgen!({
    path: "../../../wit/since-0.2",
    world: "processor",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "wasi:io/poll": wasmtime_wasi::p2::bindings::io::poll,
        "toril:plugin/postgres.connection": super::resources::BorrowedConnection,
        "toril:plugin/postgres.cursor": super::resources::OpenCursor,
        "toril:plugin/postgres.pending": super::resources::PendingCall,
    },
    // The job is passed to the guest without a copy of its data.
    ownership: Borrowing { duplicate_if_necessary: true },
});
