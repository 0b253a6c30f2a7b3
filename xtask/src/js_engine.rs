//! Builds the JavaScript engine into `target/js-engine`, where the host's build embeds it from: the module that
//! `sdk/js/engine` is compiled to, the Web APIs of `sdk/js/runtime`, and the SDK as one module.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail};

use crate::cargo;
use crate::guests::toolchain::{GuestToolchain, TARGET};
use crate::process;
use crate::setup::c_compiler::{self, CCompiler};
use crate::setup::{guest_toolchain, node};
use crate::workspace::{Workspace, write_if_changed};

const ENGINE: &str = "sdk/js/engine";
const MANIFEST: &str = "sdk/js/engine/Cargo.toml";
const SDK: &str = "sdk/js";
/// The engine in its four sizes. The last three are features of its crate, which say what they add.
const SIZES: [&str; 4] = ["core", "web", "full", "sockets"];
/// For QuickJS. Zig compiles for a machine without a C library, where `memcpy` is a call even for four bytes: `-fhosted`
/// ends that, and loops take half of the time. Less inlining than the compiler's default makes a component 180 KB smaller,
/// and typical code executes at most 1 % more instructions.
const C_FLAGS: &str = "-O2 -fhosted -mllvm -inline-threshold=75";

/// Builds the engine. Returns without work if nothing has changed.
pub fn run(workspace: &Workspace) -> Result<()> {
    let out = workspace.target().join("js-engine");
    fs::create_dir_all(&out).with_context(|| format!("could not create {}", out.display()))?;
    let cargo = Cargo::find(workspace)?;
    // At the same time, because each ends with a step that uses one processor.
    thread::scope(|scope| {
        let builds = SIZES.map(|size| scope.spawn(|| build(workspace, &cargo, size, &out)));
        builds.into_iter().try_for_each(|build| build.join().unwrap_or_else(|_| bail!("a build has panicked")))
    })?;

    let sdk = workspace.root().join(SDK);
    println!("packages of {SDK}: {}", node::find_or_install(&sdk)?);
    process::run(Command::new("node").current_dir(&sdk).arg("build/embed.js").arg(&out))
        .with_context(|| format!("the JavaScript of {SDK} could not be bundled"))
}

/// Builds the engine in one size.
fn build(workspace: &Workspace, cargo: &Cargo, size: &str, out: &Path) -> Result<()> {
    let mut build = cargo.command(workspace, "build", size);
    process::run(&mut build).with_context(|| format!("{ENGINE} could not be compiled"))?;
    let module = cargo.target(size).join(TARGET).join("release/toril_js_engine.wasm");
    let bytes = fs::read(&module).with_context(|| format!("could not read {}", module.display()))?;
    write_if_changed(&out.join(size).with_extension("wasm"), &bytes)?;
    println!("JavaScript engine: {size}, {} KiB", bytes.len() / 1024);
    Ok(())
}

/// Checks the engine's format, and what clippy finds in it. Both are part of the tests.
pub fn check(workspace: &Workspace) -> Result<()> {
    let mut format = cargo::command(workspace);
    process::run(format.args(["fmt", "--all", "--check", "--manifest-path", MANIFEST]))?;
    process::run(Cargo::find(workspace)?.command(workspace, "clippy", "sockets").args(["--", "-D", "warnings"]))
}

/// A cargo for the engine, with the compilers for both of its languages.
struct Cargo {
    toolchain: GuestToolchain,
    compiler: CCompiler,
    target: PathBuf,
}

impl Cargo {
    fn find(workspace: &Workspace) -> Result<Self> {
        let toolchain = guest_toolchain::find_or_install(workspace)?;
        let compiler = c_compiler::find_or_install(workspace)?;
        let target = workspace.target().join("guests").join(format!("{}-js-engine", toolchain.kind()));
        Ok(Self { toolchain, compiler, target })
    }

    /// The target folder of a size. The sizes have modules of the same name: in one folder, each build would replace the
    /// last one, and all would be compiled again each time.
    fn target(&self, size: &str) -> PathBuf {
        self.target.join(size)
    }

    fn command(&self, workspace: &Workspace, subcommand: &str, size: &str) -> Command {
        let mut command = self.toolchain.cargo(workspace);
        command.args([subcommand, "--release", "--locked", "--target", TARGET, "--target-dir"]).arg(self.target(size));
        command.args(["--manifest-path", MANIFEST]);
        if size != "core" {
            command.args(["--features", size]);
        }
        // The engine's allocator takes its memory itself.
        command.env_remove("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS");
        command.env("CC_wasm32_unknown_unknown", &self.compiler.cc).env("AR_wasm32_unknown_unknown", &self.compiler.ar);
        command.env("CFLAGS_wasm32_unknown_unknown", C_FLAGS).env("ZIG_GLOBAL_CACHE_DIR", &self.compiler.cache);
        command
    }
}
