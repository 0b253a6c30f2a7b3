//! What `wit-bindgen` makes of the plugin interface. Only [`crate::host`] and [`crate::export`] use it: everything else
//! deals in this crate's own types, which exist on every target.

#![allow(unsafe_code, missing_docs, clippy::all)]

wit_bindgen::generate!({
    path: ["../../wit/since-0.2", "wit"],
    world: "toril:sdk/plugin",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export_component",
});
