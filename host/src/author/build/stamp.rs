//! Remembers of what a component was made. A build of TypeScript or Python gives other bytes each time, which a host would
//! compile anew: so what would be made of the same sources, by the same SDK, is not made again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::sources::{Sources, digest};

/// The packages of a JavaScript project, and the SDK among them.
const PACKAGES: &str = "node_modules/.package-lock.json";
const SDK: &str = "node_modules/@toril/plugin";

/// What goes into a component, before it is built.
pub struct Stamp {
    file: PathBuf,
    sources: String,
}

/// The file.
#[derive(Serialize, Deserialize)]
struct Written {
    sources: String,
    component: String,
}

impl Stamp {
    /// Of a project in JavaScript. None if what goes into it cannot be told, as with an SDK that is a link to a folder.
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

    /// Of a project in Python, with an environment of its own. None as above.
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
                tracing::debug!(project = %project.display(), %reason, "the plugin is built whether or not it has changed");
                None
            }
        }
    }

    /// The component's bytes, if it was made of these sources and is still what was made.
    pub fn made(&self, component: &Path) -> Option<Vec<u8>> {
        let written: Written = serde_json::from_slice(&fs::read(&self.file).ok()?).ok()?;
        let bytes = fs::read(component).ok()?;
        (written.sources == self.sources && written.component == digest(&bytes)).then_some(bytes)
    }

    /// Remembers that these bytes were made of the sources.
    pub fn remember(&self, bytes: &[u8]) {
        let written = Written { sources: self.sources.clone(), component: digest(bytes) };
        let folder = self.file.parent().unwrap_or(Path::new(""));
        let text = serde_json::to_vec(&written).map_err(io::Error::other);
        if let Err(reason) = text.and_then(|text| fs::create_dir_all(folder).and_then(|()| fs::write(&self.file, text)))
        {
            // It costs a build, no more.
            tracing::debug!(file = %self.file.display(), %reason, "what the plugin was built of is not remembered");
        }
    }
}

/// The lists of files, with their digests, that pip keeps of each package.
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
