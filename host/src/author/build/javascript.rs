//! TypeScript and JavaScript: the SDK's bundler makes one module of a plugin and its packages, and this process injects it
//! into the JavaScript engine. A single file without a bundler in reach is injected as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::built::{BuildError, Built};
use super::command::{run, run_telling_all};
use toril_javascript::{Component, EarlyRead, Engine, Kind, Source};

/// The SDK's bundler, in a project's packages.
const BUNDLER: &str = "node_modules/.bin/toril-plugin-build";
const COMPILER: &str = "node_modules/.bin/tsc";
/// The module of a project that is given as a folder.
const ENTRY: &str = "src/plugin.ts";
const SDK: &str = "@toril/plugin";
/// Extensions of files that can be built.
const EXTENSIONS: [&str; 6] = ["ts", "mts", "cts", "js", "mjs", "cjs"];
const UNCHECKED: &str =
    "the types were not checked, since the project has no TypeScript: `npm install --save-dev typescript`";

/// The fields of `package.json` that the build needs.
#[derive(Deserialize)]
struct PackageJson {
    name: String,
}

/// A plugin to build.
#[derive(Debug)]
pub struct Project {
    /// The plugin's name: the package's, or the file's.
    pub name: String,
    /// The folder with `package.json`.
    folder: PathBuf,
    entry: PathBuf,
}

/// Whether a path is a file with code in JavaScript or TypeScript.
pub fn is_script(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    path.is_file() && extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}

impl Project {
    /// A folder with `package.json` and `src/plugin.ts`.
    pub fn of_folder(folder: &Path) -> Result<Self, BuildError> {
        let manifest = folder.join("package.json");
        let package: PackageJson = serde_json::from_str(&read(&manifest)?)
            .map_err(|error| BuildError::Manifest { path: manifest, reason: error.to_string() })?;
        let project =
            Self { name: name_of_package(&package.name).to_owned(), folder: folder.to_owned(), entry: ENTRY.into() };
        match project.has_bundler() {
            true => Ok(project),
            false => Err(project.no_bundler()),
        }
    }

    /// One file. Its bundler is that of the nearest folder above with packages.
    pub fn of_file(file: &Path) -> Result<Self, BuildError> {
        let file =
            file.canonicalize().map_err(|source| BuildError::File { path: file.to_owned(), doing: "read", source })?;
        let parent = file.parent().unwrap_or(Path::new("."));
        let folder = parent.ancestors().find(|folder| folder.join(BUNDLER).is_file()).unwrap_or(parent).to_owned();
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let project = Self { name, folder, entry: file };
        let is_plain = project.entry.extension().is_some_and(|extension| extension == "js" || extension == "mjs");
        if project.has_bundler() || is_plain { Ok(project) } else { Err(project.no_bundler()) }
    }

    /// Checks the types, if that is possible, bundles, and injects.
    pub fn build(self, cache: &Path) -> Result<Built, BuildError> {
        if !self.has_bundler() {
            let code = read(&self.entry)?;
            let source = Source { name: &file_name(&self.entry), code: &code, map: None, kind: Kind::Plain };
            return self.inject(source, "the embedded SDK", None, cache);
        }
        let note = self.check_types()?;
        let out = tempfile::tempdir().map_err(|source| BuildError::File {
            path: std::env::temp_dir(),
            doing: "written",
            source,
        })?;
        let bundle = out.path().join("bundle.js");
        run(self.command(BUNDLER).arg(&self.entry).arg("--bundle").arg(&bundle))?;
        self.inject_bundle(&bundle, note, cache)
    }

    fn inject_bundle(self, bundle: &Path, note: Option<&'static str>, cache: &Path) -> Result<Built, BuildError> {
        let code = read(bundle)?;
        let map = map_of(bundle);
        let map = if map.is_file() { Some(read(&map)?) } else { None };
        let source = Source { name: &file_name(bundle), code: &code, map: map.as_deref(), kind: Kind::Bundle };
        self.inject(source, SDK, note, cache)
    }

    fn inject(
        self,
        source: Source<'_>,
        by: &str,
        note: Option<&'static str>,
        cache: &Path,
    ) -> Result<Built, BuildError> {
        let component = Engine::embedded().and_then(|engine| toril_javascript::build(engine, source, Some(cache)));
        let Component { bytes, early_reads } =
            component.map_err(|source| BuildError::Script { entry: self.entry.clone(), source })?;
        let notes = note.map(str::to_owned).into_iter().chain(early_reads.iter().map(undefined)).collect();
        Ok(Built { name: self.name, bytes, by: by.to_owned(), notes })
    }

    fn check_types(&self) -> Result<Option<&'static str>, BuildError> {
        match (self.folder.join("tsconfig.json").is_file(), self.folder.join(COMPILER).is_file()) {
            (false, _) => Ok(None),
            (true, false) => Ok(Some(UNCHECKED)),
            // The bundler removes types without checking them.
            (true, true) => run_telling_all(self.command(COMPILER).arg("--noEmit")).map(|()| None),
        }
    }

    fn has_bundler(&self) -> bool {
        self.folder.join(BUNDLER).is_file()
    }

    fn no_bundler(&self) -> BuildError {
        BuildError::NoScript {
            folder: self.folder.clone(),
            advice: "install the project's packages: `npm install` in that folder (Node 20 or newer)",
        }
    }

    fn command(&self, program: &str) -> Command {
        let program = self.folder.join(program);
        // The path may be relative to the current folder, so it is resolved before the child's folder changes.
        let mut command = Command::new(program.canonicalize().unwrap_or(program));
        command.current_dir(&self.folder);
        command
    }
}

/// What to do about a variable that was read before a host could grant it.
fn undefined(EarlyRead { variable, place }: &EarlyRead) -> String {
    let (what, grant) = match variable {
        Some(name) => (format!("process.env.{name} is undefined"), format!("{name} = \"env:{name}\"")),
        None => ("process.env has no variables".to_owned(), "NAME = \"env:NAME\"".to_owned()),
    };
    format!(
        "{place}: {what} here, because this code runs when the plugin is built. Read it in the handler, or in a function \
         that the handler calls, and grant it with `env = {{ {grant} }}`"
    )
}

/// Lets the SDK list what a file needs and what it cannot do in a plugin. It prints the list to this process's standard
/// output. Returns whether everything works.
pub fn check(file: &Path, json: bool) -> Result<bool, BuildError> {
    let project = Project::of_file(file)?;
    if !project.has_bundler() {
        return Err(project.no_bundler());
    }
    let mut command = project.command(BUNDLER);
    command.arg(&project.entry).arg("--check").args(json.then_some("--json"));
    let status = command.status().map_err(|source| BuildError::File {
        path: project.folder.join(BUNDLER),
        doing: "started",
        source,
    })?;
    Ok(status.success())
}

/// Builds a component from a bundle that the SDK's bundler made.
pub fn build_bundle(file: &Path, cache: &Path) -> Result<Built, BuildError> {
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let project = Project { name, folder: PathBuf::new(), entry: file.to_owned() };
    project.inject_bundle(file, None, cache)
}

/// Where a bundler writes the source map of a bundle.
fn map_of(bundle: &Path) -> PathBuf {
    let mut path = bundle.as_os_str().to_owned();
    path.push(".map");
    path.into()
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// For the package `@scope/name`, the plugin is called `name`.
fn name_of_package(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn read(path: &Path) -> Result<String, BuildError> {
    fs::read_to_string(path).map_err(|source| BuildError::File { path: path.to_owned(), doing: "read", source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_does_not_belong_to_a_plugins_name() {
        assert_eq!((name_of_package("@team/mails"), name_of_package("mails")), ("mails", "mails"));
    }

    #[test]
    fn a_project_without_its_packages_names_the_command_that_installs_them() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("package.json"), "{\"name\":\"mails\"}").expect("writes");
        let error = Project::of_folder(folder.path()).expect_err("no packages").to_string();
        assert!(error.contains("npm install"), "{error}");
    }

    #[test]
    fn a_typescript_file_needs_a_bundler_and_a_plain_module_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let [typescript, plain] = ["a.ts", "a.js"].map(|name| folder.path().join(name));
        fs::write(&typescript, "").and_then(|()| fs::write(&plain, "")).expect("writes");
        assert!(Project::of_file(&typescript).is_err());
        assert!(Project::of_file(&plain).is_ok());
    }
}
