//! Exports the handler of a future version that no host supports yet. Hosts must reject it when they load it.

#[cfg(target_arch = "wasm32")]
mod component {
    #![allow(unsafe_code, reason = "generated code calls the component's exports")]

    wit_bindgen::generate!({ world: "processor" });

    use exports::toril::plugin::handler::Guest;

    struct Newer;

    impl Guest for Newer {
        fn handle(job: String) -> String {
            job
        }
    }

    export!(Newer);
}
