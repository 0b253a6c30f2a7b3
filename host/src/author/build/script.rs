//! JavaScript and Python projects, which `toril-plugin-build` of their SDK builds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::built::{BuildError, Built};
use super::command::{on_path, run, run_telling_all};

/// The name of the build command in the SDKs of both languages.
const BUILD: &str = "toril-plugin-build";

/// The fields of `package.json` that the build needs.
#[derive(Deserialize)]
struct PackageJson {
    name: String,
}

/// The fields of `pyproject.toml` that the build needs.
#[derive(Deserialize)]
struct PyProject {
    project: PackageJson,
}

/// A project that is built by its SDK.
#[derive(Debug)]
pub struct Project {
    /// The plugin's name, which is the package's name.
    pub name: String,
    /// The name of the SDK, for the user.
    pub by: String,
    folder: PathBuf,
    program: PathBuf,
    source: &'static str,
    /// Whether and how the types are checked.
    types: Types,
}

/// How the types of a project are checked.
#[derive(Debug)]
enum Types {
    /// The project has no types to check.
    None,
    /// With this compiler from the project's packages.
    Checked(PathBuf),
    /// Not at all, which the user should know.
    Unchecked,
}

impl Project {
    /// A folder with `src/plugin.ts`, which is built with the project's own packages.
    pub fn js(folder: &Path) -> Result<Self, BuildError> {
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
        let compiler = folder.join("node_modules/.bin/tsc");
        let types = match (folder.join("tsconfig.json").is_file(), compiler.is_file()) {
            (false, _) => Types::None,
            (true, true) => Types::Checked(compiler),
            (true, false) => Types::Unchecked,
        };
        let (name, by) = (name_of_package(&package.name).to_owned(), "@toril/plugin".to_owned());
        Ok(Self { name, by, folder: folder.to_owned(), program, source: "src/plugin.ts", types })
    }

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
        let (name, by) = (package.project.name, "toril-plugin for Python".to_owned());
        Ok(Self { name, by, folder: folder.to_owned(), program, source: "plugin.py", types: Types::None })
    }

    /// Checks the types, if that is possible, and builds.
    pub fn build(self) -> Result<Built, BuildError> {
        let command = |program: &Path| {
            // The path may be relative to the current folder, so it is resolved before the child's folder changes.
            let mut command = Command::new(program.canonicalize().unwrap_or_else(|_| program.to_owned()));
            command.current_dir(&self.folder);
            command
        };
        if let Types::Checked(compiler) = &self.types {
            // The bundler removes types without checking them.
            run_telling_all(command(compiler).arg("--noEmit"))?;
        }
        let out = tempfile::tempdir().map_err(|source| file(&std::env::temp_dir(), "written", source))?;
        let component = out.path().join("plugin.wasm");
        run(command(&self.program).arg(self.source).arg("-o").arg(&component))?;
        let bytes = fs::read(&component).map_err(|source| file(&component, "read", source))?;
        let unchecked =
            "the types were not checked, since the project has no TypeScript: `npm install --save-dev typescript`";
        let note = matches!(self.types, Types::Unchecked).then_some(unchecked);
        Ok(Built { name: self.name, bytes, by: self.by, note })
    }
}

/// For the package `@scope/name`, the plugin is called `name`.
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
    fn an_npm_scope_is_not_part_of_a_plugins_name() {
        assert_eq!((name_of_package("@team/mails"), name_of_package("mails")), ("mails", "mails"));
    }

    #[test]
    fn a_project_without_its_packages_says_what_to_install() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("package.json"), "{\"name\":\"mails\"}").expect("writes");
        let error = Project::js(folder.path()).expect_err("no packages").to_string();
        assert!(error.contains("npm install"), "{error}");
    }
}
