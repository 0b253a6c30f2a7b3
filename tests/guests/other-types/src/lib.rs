//! Exports the handler with types that differ from the host's. Hosts must reject it when they load it.

#[cfg(target_arch = "wasm32")]
mod component {
    #![allow(unsafe_code, reason = "generated code calls the component's exports")]

    wit_bindgen::generate!({ world: "processor" });

    use exports::toril::plugin::handler::{Guest, Manifest};

    struct OtherTypes;

    impl Guest for OtherTypes {
        fn describe() -> Manifest {
            Manifest { description: "Built before the types changed.".into() }
        }

        fn handle(job: String) -> String {
            job
        }
    }

    export!(OtherTypes);
}
