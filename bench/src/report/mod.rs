//! The figures as a person reads them: tables on the terminal, a page and pictures in the manual.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`page`] | the page's text |
//! | [`tables`] | the tables |
//! | [`curves`] | the curves of scaling, and what they show |
//! | [`machine`] | what it ran on |

mod curves;
mod machine;
mod page;
mod tables;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::bars::Bar;
use crate::measured::Measurements;

/// A page and its pictures.
pub struct Report {
    text: String,
    /// Each with its path beside the page.
    pictures: Vec<(String, String)>,
}

impl Report {
    /// Of all that was measured, and how it was judged.
    pub fn of(all: &Measurements, bars: &[Bar]) -> Self {
        page::written(all, bars)
    }

    /// What is read on a terminal, too.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Writes `performance.md` and its pictures.
    pub fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder.join("performance")).context("could not make the folder of the pictures")?;
        let page = ("performance.md".to_owned(), self.text.clone());
        for (name, text) in self.pictures.iter().chain([&page]) {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))?;
        }
        Ok(())
    }

    /// Adds a picture, and shows it on the page.
    fn picture(&mut self, name: &str, says: &str, svg: String) {
        let path = format!("performance/{name}.svg");
        self.text += &format!("![{says}]({path})\n\n");
        self.pictures.push((path, svg));
    }
}
