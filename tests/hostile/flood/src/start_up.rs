//! What an instance does before its first call.

/// The component encoder makes a function of this name the component's start function.
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

/// For a module that the test adds to this component: whether it should misbehave at the start. A setting decides, so
/// that a version can first be loaded and then misbehave in an attempt.
#[allow(unsafe_code, reason = "the name is what the other module imports")]
#[unsafe(no_mangle)]
extern "C" fn misbehaves_at_the_start() -> i32 {
    i32::from(super::setting("start-up") == "misbehave")
}
