//! Python projects, which `toril-plugin-build` of their SDK builds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::built::{BuildError, Built};
use super::command::{on_path, run};

/// The name of the SDK, for the user.
pub const SDK: &str = "toril-plugin for Python";
/// The SDK's build command.
const BUILD: &str = "toril-plugin-build";

/// The fields of `pyproject.toml` that the build needs.
#[derive(Deserialize)]
struct PyProject {
    project: Named,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// A project that is built by its SDK.
#[derive(Debug)]
pub struct Project {
    /// The plugin's name, which is the package's name.
    pub name: String,
    folder: PathBuf,
    program: PathBuf,
}

impl Project {
    /// A folder with `plugin.py`, which is built with the SDK in the project's environment (`.venv`) or on `PATH`.
    pub fn python(folder: &Path) -> Result<Self, BuildError> {
        let manifest = folder.join("pyproject.toml");
        let package: PyProject = toml::from_str(&read(&manifest)?)
            .map_err(|error| BuildError::Manifest { path: manifest, reason: error.message().to_owned() })?;
        let own = folder.join(".venv/bin").join(BUILD);
        let program = match (own.is_file(), on_path(BUILD)) {
            (true, _) => own,
            (false, true) => PathBuf::from(BUILD),
            (false, false) => {
                return Err(BuildError::NoScript {
                    folder: folder.to_owned(),
                    advice: "make an environment and install what the project needs: `python3 -m venv .venv` and `.venv/bin/pip install -r requirements.txt` in that folder (Python 3.11 or newer)",
                });
            }
        };
        Ok(Self { name: package.project.name, folder: folder.to_owned(), program })
    }

    /// Builds the component.
    pub fn build(self) -> Result<Built, BuildError> {
        // The path may be relative to the current folder, so it is resolved before the child's folder changes.
        let mut command = Command::new(self.program.canonicalize().unwrap_or(self.program));
        command.current_dir(&self.folder);
        let out = tempfile::tempdir().map_err(|source| file(&std::env::temp_dir(), "written", source))?;
        let component = out.path().join("plugin.wasm");
        run(command.arg("plugin.py").arg("-o").arg(&component))?;
        let bytes = fs::read(&component).map_err(|source| file(&component, "read", source))?;
        Ok(Built { name: self.name, bytes, by: SDK.into(), notes: Vec::new() })
    }
}

fn read(path: &Path) -> Result<String, BuildError> {
    fs::read_to_string(path).map_err(|source| file(path, "read", source))
}

fn file(path: &Path, doing: &'static str, source: std::io::Error) -> BuildError {
    BuildError::File { path: path.to_owned(), doing, source }
}
