//! A component that is not a plugin. Hosts must reject it when they load it.

#[cfg(target_arch = "wasm32")]
mod component {
    #![allow(unsafe_code, reason = "generated code calls the component's exports")]

    wit_bindgen::generate!({ world: "other" });

    struct Other;

    impl Guest for Other {
        fn greet() -> String {
            "I am no plugin.".into()
        }
    }

    export!(Other);
}
