//! The report: tables on the terminal, and a page with charts in the manual.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`page`] | the page's text |
//! | [`tables`] | the tables |
//! | [`curves`] | the scaling curves, and sentences about them |
//! | [`machine`] | the machine of the measurements |

mod curves;
mod machine;
mod page;
mod tables;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::measured::Measurements;
use crate::targets::Targets;

/// A page and its charts.
pub struct Report {
    text: String,
    /// Each with its path relative to the page.
    pictures: Vec<(String, String)>,
}

impl Report {
    /// The report of all measurements and their targets.
    pub fn of(all: &Measurements, targets: &Targets) -> Self {
        page::written(all, targets)
    }

    /// The page's text, which the terminal shows as well.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Writes `performance.md` and its charts.
    pub fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder.join("performance")).context("could not create the folder of the charts")?;
        let page = ("performance.md".to_owned(), self.text.clone());
        for (name, text) in self.pictures.iter().chain([&page]) {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))?;
        }
        Ok(())
    }

    /// Adds a chart, and shows it on the page.
    fn picture(&mut self, name: &str, says: &str, svg: String) {
        let path = format!("performance/{name}.svg");
        self.text += &format!("![{says}]({path})\n\n");
        self.pictures.push((path, svg));
    }
}
