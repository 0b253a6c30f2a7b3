//! JavaScript and Python projects: built by the command that their SDK brings, `toril-plugin-build`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::command::{on_path, run};
use super::{BuildError, Built};

/// What the SDKs of both languages call their build.
const BUILD: &str = "toril-plugin-build";

/// The part of `package.json` that matters here.
#[derive(Deserialize)]
struct PackageJson {
    name: String,
}

/// The part of `pyproject.toml` that matters here.
#[derive(Deserialize)]
struct PyProject {
    project: PackageJson,
}

/// Builds `src/plugin.ts` with the packages of the project.
pub fn build_js(folder: &Path) -> Result<Built, BuildError> {
    let manifest = folder.join("package.json");
    let package: PackageJson = serde_json::from_str(&read(&manifest)?)
        .map_err(|error| BuildError::Manifest { path: manifest, reason: error.to_string() })?;
    let program = folder.join("node_modules/.bin").join(BUILD);
    if !program.is_file() {
        return Err(BuildError::NoScript {
            folder: folder.to_owned(),
            advice: "install the project's packages: `npm install` in that folder (Node 20 or newer)",
        });
    }
    built(folder, program, "src/plugin.ts", name_of_package(&package.name), "@toril/plugin")
}

/// Builds `plugin.py` with the SDK of the project's own environment (`.venv`), or the one on `PATH`.
pub fn build_python(folder: &Path) -> Result<Built, BuildError> {
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
    built(folder, program, "plugin.py", &package.project.name, "toril-plugin for Python")
}

fn built(folder: &Path, program: PathBuf, source: &str, name: &str, by: &str) -> Result<Built, BuildError> {
    let out = tempfile::tempdir().map_err(|source| file(&std::env::temp_dir(), "written", source))?;
    let component = out.path().join("plugin.wasm");
    // Found before the folder is changed for the child, whose program may be named relative to this one.
    let program = program.canonicalize().unwrap_or(program);
    run(Command::new(program).current_dir(folder).arg(source).arg("-o").arg(&component))?;
    let bytes = fs::read(&component).map_err(|source| file(&component, "read", source))?;
    Ok(Built { name: name.to_owned(), bytes, by: by.to_owned() })
}

/// `@scope/name` is the package's name in the registry; the plugin is called `name`.
fn name_of_package(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn read(path: &Path) -> Result<String, BuildError> {
    fs::read_to_string(path).map_err(|source| file(path, "read", source))
}

fn file(path: &Path, doing: &'static str, source: std::io::Error) -> BuildError {
    BuildError::File { path: path.to_owned(), doing, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_no_part_of_a_plugins_name() {
        assert_eq!((name_of_package("@team/mails"), name_of_package("mails")), ("mails", "mails"));
    }

    #[test]
    fn a_project_without_its_packages_says_what_to_install() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("package.json"), "{\"name\":\"mails\"}").expect("writes");
        let error = build_js(folder.path()).expect_err("no packages").to_string();
        assert!(error.contains("npm install"), "{error}");
    }
}
