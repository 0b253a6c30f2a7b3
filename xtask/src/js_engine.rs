//! Builds the JavaScript engine into `target/js-engine`, where the host's build embeds it from: the module that
//! `sdk/js/engine` is compiled to, the Web APIs of `sdk/js/runtime`, and the SDK as one module.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::guests::toolchain::TARGET;
use crate::process;
use crate::setup::{c_compiler, guest_toolchain, node};
use crate::workspace::{Workspace, write_if_changed};

const ENGINE: &str = "sdk/js/engine";
const SDK: &str = "sdk/js";

pub fn run(workspace: &Workspace) -> Result<()> {
    let toolchain = guest_toolchain::find_or_install(workspace)?;
    let compiler = c_compiler::find_or_install(workspace)?;
    let out = workspace.target().join("js-engine");
    let target = workspace.target().join("guests").join(format!("{}-js-engine", toolchain.kind()));
    fs::create_dir_all(&out).with_context(|| format!("could not create {}", out.display()))?;

    let mut build = toolchain.cargo(workspace);
    build.args(["build", "--release", "--locked", "--target", TARGET, "--target-dir"]).arg(&target);
    build.arg("--manifest-path").arg(workspace.root().join(ENGINE).join("Cargo.toml"));
    // The allocator takes its memory itself.
    build.env_remove("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS");
    build.env("CC_wasm32_unknown_unknown", &compiler.cc).env("AR_wasm32_unknown_unknown", &compiler.ar);
    build.env("ZIG_GLOBAL_CACHE_DIR", &compiler.cache);
    process::run(&mut build).with_context(|| format!("{ENGINE} could not be compiled by {toolchain}"))?;
    let module = target.join(TARGET).join("release/toril_js_engine.wasm");
    let bytes = fs::read(&module).with_context(|| format!("could not read {}", module.display()))?;
    write_if_changed(&out.join("engine.wasm"), &bytes)?;

    let sdk = workspace.root().join(SDK);
    println!("packages of {SDK}: {}", node::find_or_install(&sdk)?);
    process::run(Command::new("node").current_dir(&sdk).arg("build/embed.js").arg(&out))
        .with_context(|| format!("the JavaScript of {SDK} could not be bundled"))?;
    println!("JavaScript engine: {} KiB, {}", bytes.len() / 1024, out.display());
    Ok(())
}
