//! Builds a Rust package: compiles it to a core module, and converts that to a component.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wit_component::ComponentEncoder;

use super::built::{BuildError, Built, RUST_TARGET};
use super::command::{output, run};
use super::rust_toolchain::RustToolchain;

/// What Cargo knows about the package in a folder.
#[derive(Debug, PartialEq, Eq)]
struct Package {
    name: String,
    /// The stem of the file name that the compiler writes.
    library: String,
    target: PathBuf,
}

pub fn build(folder: &Path, profile: &str) -> Result<Built, BuildError> {
    let toolchain = RustToolchain::find(folder)?;
    let package = package(folder, toolchain)?;
    let target = package.target.join("toril").join(toolchain.kind());

    let mut cargo = toolchain.cargo(folder);
    cargo.args(["build", "--lib", "--profile", profile, "--target", RUST_TARGET]);
    cargo.args(["--package", &package.name]).arg("--target-dir").arg(&target);
    run(&mut cargo)?;

    // `dev` is the only profile whose folder has another name.
    let folder = if profile == "dev" { "debug" } else { profile };
    let module = target.join(RUST_TARGET).join(folder).join(format!("{}.wasm", package.library));
    Ok(Built { name: package.name, bytes: encode(&module)?, by: toolchain.describe(), notes: Vec::new() })
}

fn package(folder: &Path, toolchain: RustToolchain) -> Result<Package, BuildError> {
    let mut cargo = toolchain.bare_cargo(folder);
    let printed = output(cargo.args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let unknown = || BuildError::Metadata(folder.to_owned());
    let document: Value = serde_json::from_str(&printed).map_err(|_| unknown())?;
    let own = folder.canonicalize().map_err(|source| file(folder, "read", source))?.join("Cargo.toml");
    let packages = document["packages"].as_array().ok_or_else(unknown)?;
    let target = document["target_directory"].as_str().ok_or_else(unknown)?;
    let package = packages.iter().find(|package| is_at(package, &own));
    package.and_then(|package| component(package, target)).ok_or_else(|| BuildError::NoLibrary(folder.to_owned()))
}

fn is_at(package: &Value, manifest: &Path) -> bool {
    let path = package["manifest_path"].as_str().map(Path::new);
    path.and_then(|path| path.canonicalize().ok()).is_some_and(|path| path == manifest)
}

fn component(package: &Value, target: &str) -> Option<Package> {
    let is_cdylib =
        |target: &&Value| target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "cdylib"));
    let library = package["targets"].as_array()?.iter().find(is_cdylib)?;
    Some(Package {
        name: package["name"].as_str()?.to_owned(),
        library: library["name"].as_str()?.replace('-', "_"),
        target: target.into(),
    })
}

fn encode(module: &Path) -> Result<Vec<u8>, BuildError> {
    let core = fs::read(module).map_err(|source| file(module, "read", source))?;
    let encoder = ComponentEncoder::default().validate(true).module(&core);
    let encoded = encoder.and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| BuildError::Encode { module: module.to_owned(), reason: format!("{error:#}") })
}

fn file(path: &Path, doing: &'static str, source: std::io::Error) -> BuildError {
    BuildError::File { path: path.to_owned(), doing, source }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_package_without_a_cdylib_makes_no_component() {
        let package =
            |kind: &str| json!({ "name": "github-sync", "targets": [{ "kind": [kind], "name": "github-sync" }] });
        assert_eq!(component(&package("lib"), "/t"), None);
        let made = component(&package("cdylib"), "/t").expect("a component");
        assert_eq!((made.name.as_str(), made.library.as_str()), ("github-sync", "github_sync"));
    }
}
