//! The `toril` binary: a thin shell over the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A job takes some hundred small allocations, for which the system's allocator costs about twice as much.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    toril::cli::main()
}
