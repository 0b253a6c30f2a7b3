//! Templates for new projects. They are part of the binary; the plugin's name is inserted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

/// What a plugin is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Rust, with the crate `toril-plugin`.
    Rust,
    /// JavaScript or TypeScript.
    #[value(aliases = ["ts", "typescript", "javascript"])]
    Js,
    /// Python.
    #[value(alias = "py")]
    Python,
}

impl Language {
    /// The name of the language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Js => "TypeScript",
            Self::Python => "Python",
        }
    }

    /// The file that identifies the SDK's folder, and the text that this file must contain.
    fn manifest(self) -> (&'static str, &'static str) {
        match self {
            Self::Rust => ("Cargo.toml", "name = \"toril-plugin\""),
            Self::Js => ("package.json", "\"name\": \"@toril/plugin\""),
            Self::Python => ("pyproject.toml", "name = \"toril-plugin\""),
        }
    }

    /// The SDK's folder in a checkout of Toril.
    pub fn sdk(self) -> &'static str {
        match self {
            Self::Rust => "sdk/rust",
            Self::Js => "sdk/js",
            Self::Python => "sdk/python",
        }
    }
}

/// One file of a template: its path in the project, and its text.
pub type TemplateFile = (&'static str, &'static str);

/// The files of a language's template.
///
/// In each text, `{{name}}` stands for the plugin's name, and `{{Name}}` for the same name as a type name.
pub fn template(language: Language) -> &'static [TemplateFile] {
    match language {
        Language::Rust => &[
            ("Cargo.toml", include_str!("../../templates/rust/Cargo.toml.in")),
            ("src/lib.rs", include_str!("../../templates/rust/src/lib.rs")),
            ("job.json", include_str!("../../templates/rust/job.json")),
            ("README.md", include_str!("../../templates/rust/README.md")),
            (".gitignore", include_str!("../../templates/rust/gitignore")),
        ],
        Language::Js => &[
            ("package.json", include_str!("../../../sdk/js/template/package.json")),
            (".npmrc", include_str!("../../../sdk/js/template/.npmrc")),
            ("tsconfig.json", include_str!("../../../sdk/js/template/tsconfig.json")),
            ("src/plugin.ts", include_str!("../../../sdk/js/template/src/plugin.ts")),
            ("test/plugin.test.ts", include_str!("../../../sdk/js/template/test/plugin.test.ts")),
            ("job.json", include_str!("../../../sdk/js/template/job.json")),
            ("README.md", include_str!("../../../sdk/js/template/README.md")),
            (".gitignore", include_str!("../../../sdk/js/template/.gitignore")),
        ],
        Language::Python => &[
            ("pyproject.toml", include_str!("../../../sdk/python/template/pyproject.toml")),
            ("requirements.txt", include_str!("../../../sdk/python/template/requirements.txt")),
            ("plugin.py", include_str!("../../../sdk/python/template/plugin.py")),
            ("tests/test_plugin.py", include_str!("../../../sdk/python/template/tests/test_plugin.py")),
            ("job.json", include_str!("../../../sdk/python/template/job.json")),
            ("README.md", include_str!("../../../sdk/python/template/README.md")),
            (".gitignore", include_str!("../../../sdk/python/template/.gitignore")),
        ],
    }
}

/// Why the project was not written.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The name is not valid.
    #[error(
        "{0:?} is not a valid plugin name: use lower-case letters, digits and `-`, a letter first, as in github-sync"
    )]
    Name(String),
    /// The name is a reserved word of the language.
    #[error("a {language} plugin cannot be called {name:?}: the language uses that word itself", language = .language.name())]
    Taken {
        /// The name.
        name: String,
        /// The language.
        language: Language,
    },
    /// The given folder does not contain the SDK.
    #[error("{} is not an SDK for {language}: it has no {manifest} that says `{name}`. A checkout of Toril has that in {sdk}",
        .folder.display(), language = .language.name(), manifest = .language.manifest().0, name = .language.manifest().1, sdk = .language.sdk())]
    NoSdk {
        /// The folder.
        folder: PathBuf,
        /// The language.
        language: Language,
    },
    /// The folder already exists and is not empty.
    #[error("{} is there already and is not empty: choose another name, or another folder with --path", .0.display())]
    Occupied(PathBuf),
    /// Writing failed.
    #[error("{} cannot be written: {source}", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// Writes a new project into `folder`, which must be empty or not exist. `sdk` is the language's SDK in a checkout,
/// to be used instead of the published one.
pub fn write(language: Language, name: &str, folder: &Path, sdk: Option<&Path>) -> Result<(), TemplateError> {
    check_name(language, name)?;
    let files = template(language);
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        return Err(TemplateError::Occupied(folder.to_owned()));
    }
    let sdk = sdk.map(|sdk| local_sdk(language, sdk)).transpose()?;
    for (path, text) in files {
        let path = folder.join(path);
        let mut text = text.replace("{{name}}", name).replace("{{Name}}", &type_name(name));
        if let Some(sdk) = &sdk {
            text = text.replace(published_sdk(language), sdk).replace(FROM_A_CHECKOUT, "");
            if language == Language::Js {
                text = text.replace(ALLOWED_SCRIPTS, &format!("{ALLOWED_SCRIPTS}\n    {}: true,", package_in(sdk)));
            }
        }
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .map_err(|source| TemplateError::Write { path, source })?;
    }
    Ok(())
}

/// Checks that the plugin's name is also a valid package name in every language.
fn check_name(language: Language, name: &str) -> Result<(), TemplateError> {
    let later = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(later);
    if !fits || name.ends_with('-') || name.len() > 64 {
        return Err(TemplateError::Name(name.to_owned()));
    }
    if language == Language::Rust && RUST_WORDS.contains(&name) {
        return Err(TemplateError::Taken { name: name.to_owned(), language });
    }
    Ok(())
}

/// Keywords, and crates that a crate with the same name would shadow.
const RUST_WORDS: [&str; 52] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "pub",
    "ref",
    "return",
    "schemars",
    "self",
    "serde",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "toril-plugin",
    "trait",
    "true",
    "try",
    "type",
    "unsafe",
    "use",
];

/// The hint in the Rust template about using an SDK from a folder. It is removed when the project already does.
const FROM_A_CHECKOUT: &str =
    "# From a checkout of Toril instead: `toril-plugin = { path = \"/path/to/toril/sdk/rust\" }`\n";
/// The position in the JavaScript template where packages are listed whose install scripts npm may run.
const ALLOWED_SCRIPTS: &str = "\"allowScripts\": {";

/// The package in a dependency of `package.json`, in the form that npm expects in `allowScripts`.
fn package_in(dependency: &str) -> &str {
    dependency.split_once(": ").map_or(dependency, |(_, package)| package)
}

/// The dependency on the published SDK, as in the language's template.
fn published_sdk(language: Language) -> &'static str {
    match language {
        Language::Rust => "toril-plugin = \"0.1\"",
        Language::Js => "\"@toril/plugin\": \"^0.1.0\"",
        Language::Python => "toril-plugin>=0.1,<0.2",
    }
}

/// The dependency on an SDK in a folder.
fn local_sdk(language: Language, folder: &Path) -> Result<String, TemplateError> {
    let none = || TemplateError::NoSdk { folder: folder.to_owned(), language };
    let (manifest, name) = language.manifest();
    let text = fs::read_to_string(folder.join(manifest)).map_err(|_| none())?;
    let folder = folder.canonicalize().ok().filter(|_| text.contains(name)).ok_or_else(none)?;
    let shown = folder.display().to_string();
    Ok(match language {
        Language::Rust => format!("toril-plugin = {{ path = {shown:?} }}"),
        Language::Js => format!("\"@toril/plugin\": {:?}", format!("file:{shown}")),
        Language::Python => format!("toril-plugin @ file://{shown}"),
    })
}

/// `github-sync` → `GithubSync`.
pub fn type_name(name: &str) -> String {
    let mut up = true;
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if !c.is_alphanumeric() {
            up = true;
        } else if std::mem::take(&mut up) {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_the_name_of_a_type() {
        assert_eq!(type_name("github-sync"), "GithubSync");
        assert_eq!(type_name("a2a.send_all"), "A2aSendAll");
    }

    #[test]
    fn a_name_that_would_not_build_is_refused() {
        for name in ["", "Greeter", "2fast", "a_b", "a b", "../up", "x-", "fn", "test"] {
            assert!(check_name(Language::Rust, name).is_err(), "{name:?}");
        }
        assert!(check_name(Language::Rust, "github-sync2").is_ok());
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("mine"), "x").expect("writes");
        let refused = write(Language::Rust, "greeter", folder.path(), None);
        assert!(matches!(refused, Err(TemplateError::Occupied(_))));
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 1);
    }

    #[test]
    fn another_sdk_takes_the_place_of_the_published_one() {
        let folder = tempfile::tempdir().expect("a folder");
        for (language, file) in
            [(Language::Rust, "Cargo.toml"), (Language::Js, "package.json"), (Language::Python, "requirements.txt")]
        {
            let project = folder.path().join(language.name());
            let sdk = checkout(language);
            write(language, "greeter", &project, Some(&sdk)).expect("writes");
            let text = fs::read_to_string(project.join(file)).expect("written");
            let real = sdk.canonicalize().expect("there");
            assert!(text.contains(&*real.to_string_lossy()) && !text.contains(published_sdk(language)), "{text}");
            assert!(!text.contains("instead"), "{text}");
        }
    }

    /// The SDK in this repository.
    fn checkout(language: Language) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(language.sdk())
    }

    #[test]
    fn the_sdk_of_another_language_is_refused_and_nothing_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let project = folder.path().join("greeter");
        for sdk in [checkout(Language::Rust), checkout(Language::Python), "/nonexistent".into()] {
            let refused = write(Language::Js, "greeter", &project, Some(&sdk));
            assert!(matches!(refused, Err(TemplateError::NoSdk { .. })), "{refused:?}");
        }
        assert!(!project.exists());
    }

    #[test]
    fn npm_may_run_the_scripts_of_an_sdk_in_a_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let project = folder.path().join("greeter");
        write(Language::Js, "greeter", &project, Some(&checkout(Language::Js))).expect("writes");
        let text = fs::read_to_string(project.join("package.json")).expect("written");
        let package: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let sdk = package["dependencies"]["@toril/plugin"].as_str().expect("a dependency");
        assert_eq!(package["allowScripts"][sdk], true, "{text}");
    }

    #[test]
    fn nothing_is_left_to_be_filled_in() {
        let folder = tempfile::tempdir().expect("a folder");
        write(Language::Rust, "greeter", folder.path(), None).expect("writes");
        for (path, _) in template(Language::Rust) {
            let text = fs::read_to_string(folder.path().join(path)).expect("written");
            assert!(!text.contains("{{"), "{path}: {text}");
        }
        let manifest = fs::read_to_string(folder.path().join("Cargo.toml")).expect("written");
        assert!(manifest.contains("toril-plugin = \"0.1\""), "{manifest}");
    }
}
