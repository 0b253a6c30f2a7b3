//! The `toril` binary: a thin shell over the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    toril::cli::main()
}
