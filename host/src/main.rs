//! The `toril` binary: a thin shell over the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A job makes some hundred small allocations. The system's allocator needs about twice as much time for them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    toril::cli::main()
}
