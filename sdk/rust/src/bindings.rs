//! The bindings that `wit-bindgen` generates from the plugin interface. Only [`crate::host`] and [`crate::export`]
//! use them. All other modules use this crate's own types, which exist on every target.

#![allow(unsafe_code, missing_docs, clippy::all)]

wit_bindgen::generate!({
    path: ["../../wit/since-0.2", "wit"],
    world: "toril:sdk/plugin",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export_component",
});
