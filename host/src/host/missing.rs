//! What to do about a plugin whose component is not there.

use std::path::Path;

use toril_config::{self as config, Config};

/// The files that say that a folder is a plugin's project.
const MANIFESTS: [&str; 3] = ["Cargo.toml", "package.json", "pyproject.toml"];

/// Advice for the person who wrote the configuration, where something lies about that may be what was meant.
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
    // A folder that cannot be read has none to offer; that the component is missing is told in any case.
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "wasm"));
    paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
}
