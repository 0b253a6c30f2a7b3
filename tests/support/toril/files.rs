//! Files in a host's folder that a test writes, before and while the host runs.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;
use wasm_encoder::{ComponentSection, CustomSection};

use super::Toril;
use crate::paths;

/// The bytes of a component: a guest of the tests, or a plugin.
pub fn component(name: &str) -> Vec<u8> {
    let places = paths::components(name);
    places.iter().find_map(|path| fs::read(path).ok()).unwrap_or_else(|| {
        panic!(
            "component {name} not found, neither {} nor {}: run `cargo xtask build-guests --tests`",
            places[0].display(),
            places[1].display()
        )
    })
}

/// The same component with different bytes, and so another version: adds a custom section without meaning at its end.
pub fn variant(component: &[u8], label: &str) -> Vec<u8> {
    let mut bytes = component.to_vec();
    CustomSection { name: "variant".into(), data: label.as_bytes().into() }.append_to_component(&mut bytes);
    bytes
}

/// The bytes of a component that `toril plugin build` makes of one JavaScript module.
pub async fn javascript(source: &str) -> Vec<u8> {
    let toril = Toril::new().config("[queues.work]\nplugin = \"plugin\"\n").cache(engine_cache());
    let path = toril.folder().join("plugin.mjs");
    fs::write(&path, source).unwrap_or_else(|error| panic!("could not write {}: {error}", path.display()));
    toril.cli(["plugin", "build", "plugin.mjs"]).await.succeeded();
    let built = toril.plugin_path("plugin");
    fs::read(&built).unwrap_or_else(|error| panic!("could not read {}: {error}", built.display()))
}

/// A folder for compiled plugins that tests share and keep between runs. Compiling the small guests took most of the
/// time of short tests.
pub fn shared_cache() -> PathBuf {
    paths::root().join("target/test-cache/guests")
}

/// The same for components that contain an engine for TypeScript or Python, each of which takes half a minute to
/// compile. They have a folder of their own, because a full cache drops its oldest components.
pub fn engine_cache() -> PathBuf {
    paths::root().join("target/test-cache/engines")
}

impl Toril {
    /// The path of `queues.toml`.
    pub fn config_path(&self) -> PathBuf {
        self.folder().join("queues.toml")
    }

    /// The path of a plugin in the folder that the host watches.
    pub fn plugin_path(&self, name: &str) -> PathBuf {
        self.config.plugins().join(format!("{name}.wasm"))
    }

    /// Builds the plugin `name` from a file in TypeScript or JavaScript, as in a project where `npm` would have installed
    /// the SDK. The other packages are those in the folder `packages`.
    pub async fn build_plugin(&self, name: &str, source: &Path, packages: &Path) {
        let folder = self.folder().join("project");
        let programs = folder.join("node_modules/.bin");
        if !programs.is_dir() {
            link(packages, &self.folder().join("node_modules"));
            fs::create_dir_all(&programs).unwrap_or_else(|error| panic!("could not create a folder: {error}"));
            let bundler = paths::root().join("sdk/js/bin/toril-plugin-build.js");
            link(&bundler, &programs.join("toril-plugin-build"));
        }
        let file = folder.join(name).with_extension(source.extension().unwrap_or_default());
        fs::copy(source, &file).unwrap_or_else(|error| panic!("could not copy {}: {error}", source.display()));
        let build = ["plugin".as_ref(), "build".as_ref(), file.as_os_str(), "--out".as_ref()];
        self.cli(build.into_iter().chain([self.config.plugins().as_os_str()])).await.succeeded();
    }

    /// Installs a plugin by renaming a complete file.
    pub fn replace_plugin(&self, name: &str, bytes: &[u8]) {
        replace(&self.plugin_path(name), bytes);
    }

    /// Writes a plugin as a slow copy does: empties the file, then appends pieces with pauses.
    pub async fn write_plugin_in_pieces(&self, name: &str, bytes: &[u8], pieces: usize, pause: Duration) {
        let path = self.plugin_path(name);
        let file = File::create(&path);
        let mut file = file.unwrap_or_else(|error| panic!("could not create {}: {error}", path.display()));
        for piece in bytes.chunks(bytes.len().div_ceil(pieces.max(1)).max(1)) {
            let written = file.write_all(piece).and_then(|()| file.flush());
            written.unwrap_or_else(|error| panic!("could not write {}: {error}", path.display()));
            sleep(pause).await;
        }
    }

    /// Removes a plugin.
    pub fn remove_plugin(&self, name: &str) {
        let path = self.plugin_path(name);
        fs::remove_file(&path).unwrap_or_else(|error| panic!("could not remove {}: {error}", path.display()));
    }

    /// Replaces the configuration while the host runs. Adds the same tables as [`Toril::config`].
    pub fn rewrite_config(&mut self, text: impl Into<String>) {
        self.config.text = text.into();
        self.write_config();
    }

    pub(super) fn write_config(&self) {
        replace(&self.config_path(), self.config.document().as_bytes());
    }

    pub(super) fn make_plugin_folder(&self) {
        let folder = self.config.plugins();
        fs::create_dir_all(folder).unwrap_or_else(|error| panic!("could not create {}: {error}", folder.display()));
    }
}

fn link(to: &Path, at: &Path) {
    symlink(to, at).unwrap_or_else(|error| panic!("could not make a link at {}: {error}", at.display()));
}

/// Anyone watching the path sees the old content or the new one, never a part of it.
fn replace(path: &Path, content: &[u8]) {
    let part = path.with_extension("part");
    let replaced: io::Result<()> = fs::write(&part, content).and_then(|()| fs::rename(&part, path));
    replaced.unwrap_or_else(|error| panic!("could not write {}: {error}", path.display()));
}
