//! Exports the handler of a version that no host serves yet: it is to be refused when it is loaded.

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
