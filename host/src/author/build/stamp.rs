//! Remembers the sources of a component. Each build of TypeScript or Python results in different bytes, which a host
//! would compile again. So if neither the sources nor the SDK have changed, the existing component is kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::sources::{Sources, digest};

/// The file that lists the packages of a JavaScript project.
const PACKAGES: &str = "node_modules/.package-lock.json";
const SDK: &str = "node_modules/@toril/plugin";

/// The digest of everything that goes into a component, before it is built.
pub struct Stamp {
    file: PathBuf,
    sources: String,
}

/// The content of the stamp file.
#[derive(Serialize, Deserialize)]
struct Written {
    sources: String,
    component: String,
}

impl Stamp {
    /// The stamp of a JavaScript project. None if its inputs are unknown, for example if the SDK is a link to a
    /// folder.
    pub fn of_js(project: &Path) -> Option<Self> {
        Self::of(project, |sources| {
            let (packages, sdk) = (project.join(PACKAGES), project.join(SDK));
            let linked = fs::read_to_string(&packages)?.contains("\"link\": true");
            if linked || sdk.is_symlink() {
                return Err(io::Error::other("a package is a link to a folder"));
            }
            sources.add_file(PACKAGES, &packages)?;
            sources.add_folder(&sdk)
        })
    }

    /// The stamp of a Python project with its own environment. None if its inputs are unknown.
    pub fn of_python(project: &Path) -> Option<Self> {
        Self::of(project, |sources| {
            let mut packages = records(&project.join(".venv/lib"))?;
            packages.sort();
            if packages.is_empty() {
                return Err(io::Error::other("no packages are installed"));
            }
            for record in packages {
                sources.add_file(&record.to_string_lossy(), &record)?;
            }
            sources.add_file("pyvenv.cfg", &project.join(".venv/pyvenv.cfg"))
        })
    }

    fn of(project: &Path, add: impl FnOnce(&mut Sources) -> io::Result<()>) -> Option<Self> {
        let mut sources = Sources::default();
        let read = sources.add_folder(project).and_then(|()| add(&mut sources));
        match read {
            Ok(()) => Some(Self { file: project.join(".toril/built.json"), sources: sources.digest() }),
            Err(reason) => {
                tracing::debug!(project = %project.display(), %reason, "cannot detect changes, so the plugin is built");
                None
            }
        }
    }

    /// The component's bytes, if it was built from these sources and was not changed since.
    pub fn made(&self, component: &Path) -> Option<Vec<u8>> {
        let written: Written = serde_json::from_slice(&fs::read(&self.file).ok()?).ok()?;
        let bytes = fs::read(component).ok()?;
        (written.sources == self.sources && written.component == digest(&bytes)).then_some(bytes)
    }

    /// Records that these bytes were built from the sources.
    pub fn remember(&self, bytes: &[u8]) {
        let written = Written { sources: self.sources.clone(), component: digest(bytes) };
        let folder = self.file.parent().unwrap_or(Path::new(""));
        let text = serde_json::to_vec(&written).map_err(io::Error::other);
        if let Err(reason) = text.and_then(|text| fs::create_dir_all(folder).and_then(|()| fs::write(&self.file, text)))
        {
            // A failure only causes an unnecessary build later.
            tracing::debug!(file = %self.file.display(), %reason, "build stamp not written");
        }
    }
}

/// The files in which pip lists the files of each package with their digests.
fn records(library: &Path) -> io::Result<Vec<PathBuf>> {
    let mut records = Vec::new();
    for python in fs::read_dir(library)? {
        let packages = python?.path().join("site-packages");
        if !packages.is_dir() {
            continue;
        }
        for entry in fs::read_dir(packages)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with("__editable__") || name.ends_with(".egg-link") {
                return Err(io::Error::other(format!("{name} is a package that is a link to a folder")));
            }
            if name.ends_with(".dist-info") {
                records.push(path.join("RECORD"));
            }
        }
    }
    Ok(records)
}
