//! What the instance does before anybody calls it.

/// The encoder of components makes of a function of this name the component's start.
#[allow(unsafe_code, reason = "the name is what it is about")]
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    if super::setting("start-up") == "endless" {
        let mut turns = 0_u64;
        loop {
            turns = std::hint::black_box(turns.wrapping_add(1));
        }
    }
}
