//! Advice for a plugin whose component is missing.

use std::path::Path;

use toril_config::{self as config, Config};

/// Files that identify a folder as a plugin project.
const MANIFESTS: [&str; 3] = ["Cargo.toml", "package.json", "pyproject.toml"];

/// Advice for the author of the configuration, if a nearby file or name could be what was meant.
pub fn advice(config: &Config, plugin: &str) -> Option<String> {
    let project = config.path.parent().unwrap_or(Path::new("")).join(plugin);
    if MANIFESTS.iter().any(|manifest| project.join(manifest).is_file()) {
        return Some(format!("its project lies beside: build it with `toril plugin build {}`", project.display()));
    }
    let there = components(&config.host.plugins);
    let there: Vec<&str> = there.iter().map(String::as_str).collect();
    config::nearest(plugin, &there).map(|meant| format!("did you mean `{meant}`, whose component is there?"))
}

/// The names of the components in a folder.
fn components(folder: &Path) -> Vec<String> {
    // If the folder cannot be read, there are no suggestions. The missing component itself is reported in any case.
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "wasm"));
    paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
}
