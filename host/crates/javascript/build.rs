//! Finds the JavaScript engine, which `cargo xtask` builds. Without it the crate still compiles, and building a plugin from
//! JavaScript fails with a message that says what to run.

use std::env;
use std::path::PathBuf;

/// Overrides where the engine is.
const VARIABLE: &str = "TORIL_JS_ENGINE_DIR";

fn main() {
    println!("cargo:rerun-if-env-changed={VARIABLE}");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let built = root.join("../../../target/js-engine");
    let folder = env::var_os(VARIABLE).map_or(built, PathBuf::from);
    println!("cargo:rustc-check-cfg=cfg(engine)");
    let files = ["core.wasm", "web.wasm", "full.wasm", "sockets.wasm", "runtime.json", "sdk.js"];
    let files = files.map(|file| (file.split('.').next().unwrap_or(file).to_uppercase(), folder.join(file)));
    for (name, path) in &files {
        println!("cargo:rerun-if-changed={}", path.display());
        println!("cargo:rustc-env=TORIL_JS_{name}={}", path.display());
    }
    if files.iter().all(|(_, path)| path.is_file()) {
        println!("cargo:rustc-cfg=engine");
    }
}
