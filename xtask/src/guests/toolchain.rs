//! The two toolchains that can compile guests, and their environments.
//!
//! The target is `wasm32-unknown-unknown`: its modules import only the names of their world.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo;
use crate::process;
use crate::workspace::Workspace;

pub const TARGET: &str = "wasm32-unknown-unknown";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
/// The oldest minor version 1.x that compiles this workspace (`rust-version` in Cargo.toml).
const OLDEST: u32 = 95;

/// Size in bytes of the heap that is linked into a plugin. While it suffices, the kernel need not map new pages for a
/// pen. The host's `author/build` uses the same value.
const INITIAL_HEAP: &str = "-Clink-arg=--initial-heap=262144";

pub enum GuestToolchain {
    /// The caller's own compiler. This sysroot has its standard library for [`TARGET`].
    Active { sysroot: PathBuf },
    /// Debian's newer compiler, which builds the standard library from source.
    Debian,
}

impl GuestToolchain {
    /// The caller's compiler, if it has the target.
    pub fn active(workspace: &Workspace) -> Option<Self> {
        let mut rustc = Command::new("rustc");
        rustc.current_dir(workspace.root()).args(["--print", "sysroot"]);
        cargo::forget(&mut rustc, is_compiler_setting);
        let sysroot = PathBuf::from(process::output(&mut rustc).ok()?.trim());
        let library = sysroot.join("lib/rustlib").join(TARGET).join("lib");
        library.is_dir().then_some(Self::Active { sysroot })
    }

    /// Debian's compiler, if all four parts are installed.
    pub fn debian() -> Option<Self> {
        let version = process::output(Command::new(DEBIAN_RUSTC).arg("--version")).ok()?;
        let linker = Path::new("/usr/bin/wasm-ld").is_file() || process::on_path("wasm-ld").is_some();
        let complete = linker
            && Path::new(DEBIAN_CARGO).is_file()
            && Path::new("/usr/lib/rustlib/src/rust/library/Cargo.toml").is_file()
            && minor(&version)? >= OLDEST;
        complete.then_some(Self::Debian)
    }

    /// Names the target folder. Two compilers in one folder would rebuild each other's output.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Active { .. } => "rustup",
            Self::Debian => "debian",
        }
    }

    /// The cargo that builds guests. The caller's compiler settings are for the host, and are removed.
    pub fn cargo(&self, workspace: &Workspace) -> Command {
        let mut command = match self {
            Self::Active { .. } => cargo::command(workspace),
            Self::Debian => debian_cargo(workspace),
        };
        cargo::forget(&mut command, is_compiler_setting);
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", INITIAL_HEAP);
        if matches!(self, Self::Debian) {
            command.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld");
            command.arg("-Zbuild-std=std,panic_abort");
        }
        command
    }
}

impl fmt::Display for GuestToolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Active { sysroot } => {
                write!(f, "the active Rust toolchain, {}", sysroot.display())
            }
            Self::Debian => write!(f, "Debian's {DEBIAN_RUSTC} with the standard library from source"),
        }
    }
}

fn debian_cargo(workspace: &Workspace) -> Command {
    let mut command = Command::new(DEBIAN_CARGO);
    command.current_dir(workspace.root());
    cargo::forget(&mut command, cargo::is_package_variable);
    // Both variables point to the caller's toolchain.
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("LD_LIBRARY_PATH");
    command
}

/// Whether a variable changes what a compiler or cargo builds, and where.
fn is_compiler_setting(name: &str) -> bool {
    let prefixes =
        ["RUSTC", "RUSTDOC", "CARGO_BUILD_", "CARGO_TARGET_", "CARGO_PROFILE_", "CARGO_ENCODED_", "CARGO_UNSTABLE_"];
    name == "RUSTFLAGS"
        || name == "CARGO_INCREMENTAL"
        || (prefixes.iter().any(|prefix| name.starts_with(prefix)) && name != "CARGO_BUILD_JOBS")
}

/// The x of "rustc 1.x.y (…)".
fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("rustc 1.")?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_version_is_read() {
        assert_eq!(minor("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)\n"), Some(96));
        assert_eq!(minor("no rustc"), None);
    }

    #[test]
    fn compiler_settings_do_not_reach_guests_and_others_do() {
        for name in
            ["RUSTFLAGS", "RUSTC_WRAPPER", "CARGO_TARGET_DIR", "CARGO_BUILD_RUSTFLAGS", "CARGO_PROFILE_PLUGIN_LTO"]
        {
            assert!(is_compiler_setting(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_BUILD_JOBS", "PATH", "CARGO_TERM_COLOR"] {
            assert!(!is_compiler_setting(name), "{name}");
        }
    }
}
