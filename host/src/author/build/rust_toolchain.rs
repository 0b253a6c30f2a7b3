//! The two toolchains that can compile a Rust plugin, and the environment for each of them. `cargo xtask` looks for
//! the same two in the same order, and can also install them. This module installs nothing.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::built::{BuildError, RUST_TARGET};
use super::command::{forget, on_path, output};

/// The variable that forces one of the two.
const CHOICE: &str = "TORIL_GUEST_TOOLCHAIN";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_LIBRARY: &str = "/usr/lib/rustlib/src/rust/library/Cargo.toml";
/// The oldest minor version 1.x that compiles the SDK.
const OLDEST: u32 = 95;

/// The initial memory of the plugin's allocator, in bytes. While it suffices, the kernel has no work with a pen's
/// memory.
const INITIAL_HEAP: &str = "-Clink-arg=--initial-heap=262144";

/// An installed toolchain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RustToolchain {
    /// The user's own compiler, if it has the standard library for the target.
    Active,
    /// Debian's newer compiler, which builds the standard library from source.
    Debian,
}

impl RustToolchain {
    /// Selects the toolchain for this folder. The user's own takes precedence if it has the target.
    pub fn find(folder: &Path) -> Result<Self, BuildError> {
        let active = || is_active(folder).then_some(Self::Active);
        let debian = || is_debian().then_some(Self::Debian);
        let choice = env::var(CHOICE).unwrap_or_default();
        let found = match choice.as_str() {
            "" => active().or_else(debian),
            "rustup" => active(),
            "debian" => debian(),
            other => return Err(BuildError::Choice(other.to_owned())),
        };
        let note = if choice.is_empty() { String::new() } else { format!("\n({CHOICE} allows {choice} alone.)") };
        found.ok_or(BuildError::NoRustToolchain { note })
    }

    /// The name of the target folder. Two compilers that share one folder would rebuild each other's output.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Active => "rustup",
            Self::Debian => "debian",
        }
    }

    /// A description for the user.
    pub fn describe(self) -> String {
        match self {
            Self::Active => "the active Rust toolchain".to_owned(),
            Self::Debian => format!("Debian's {DEBIAN_RUSTC}, with the standard library from its source"),
        }
    }

    /// Its Cargo for builds, without the environment's settings for native compilation.
    pub fn cargo(self, folder: &Path) -> Command {
        let mut command = self.bare_cargo(folder);
        forget(&mut command, is_compiler_setting);
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", INITIAL_HEAP);
        if self == Self::Debian {
            command.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld");
            command.arg("-Zbuild-std=std,panic_abort");
        }
        command
    }

    /// Its Cargo for queries, which keeps the environment's settings.
    pub fn bare_cargo(self, folder: &Path) -> Command {
        let mut command = Command::new(match self {
            Self::Active => "cargo",
            Self::Debian => DEBIAN_CARGO,
        });
        command.current_dir(folder);
        forget(&mut command, is_package_variable);
        if self == Self::Debian {
            // Both variables refer to the user's own toolchain.
            command.env_remove("RUSTUP_TOOLCHAIN").env_remove("LD_LIBRARY_PATH");
        }
        command
    }
}

fn is_active(folder: &Path) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.current_dir(folder).args(["--print", "sysroot"]);
    forget(&mut rustc, is_compiler_setting);
    let Ok(sysroot) = output(&mut rustc) else { return false };
    PathBuf::from(sysroot.trim()).join("lib/rustlib").join(RUST_TARGET).join("lib").is_dir() && on_path("cargo")
}

/// Whether all four parts are installed: compiler, Cargo, library source and linker.
fn is_debian() -> bool {
    let version = output(Command::new(DEBIAN_RUSTC).arg("--version")).unwrap_or_default();
    minor(&version).is_some_and(|minor| minor >= OLDEST)
        && Path::new(DEBIAN_CARGO).is_file()
        && Path::new(DEBIAN_LIBRARY).is_file()
        && on_path("wasm-ld")
}

/// Variables that change what a compiler or Cargo builds, and where.
fn is_compiler_setting(name: &str) -> bool {
    let prefixes =
        ["RUSTC", "RUSTDOC", "CARGO_BUILD_", "CARGO_TARGET_", "CARGO_PROFILE_", "CARGO_ENCODED_", "CARGO_UNSTABLE_"];
    name == "RUSTFLAGS"
        || name == "CARGO_INCREMENTAL"
        || (prefixes.iter().any(|prefix| name.starts_with(prefix)) && name != "CARGO_BUILD_JOBS")
}

/// Variables that `cargo run` sets for its program. They are wrong for a nested Cargo.
fn is_package_variable(name: &str) -> bool {
    let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    prefixes.iter().any(|prefix| name.starts_with(prefix))
        || ["CARGO", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&name)
}

/// Extracts x from "rustc 1.x.y (…)".
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
    fn settings_for_this_machine_do_not_reach_plugins_and_others_do() {
        for name in ["RUSTFLAGS", "RUSTC_WRAPPER", "CARGO_TARGET_DIR", "CARGO_PROFILE_RELEASE_LTO"] {
            assert!(is_compiler_setting(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_BUILD_JOBS", "PATH"] {
            assert!(!is_compiler_setting(name), "{name}");
        }
    }
}
