//! Problems in a configuration, and how they are displayed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::key;

/// How serious a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// The configuration can be used, but probably does not do what the user meant.
    Warning,
}

/// One problem, with its position. Neither its text nor its source line ever contains a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether the configuration can still be used.
    pub severity: Severity,
    /// The file. None: the problem is in the environment, and [`key`](Self::key) names the variable.
    pub file: Option<PathBuf>,
    /// The line in the file, from 1. 0 if the problem has no line: it is in the environment, or something is missing
    /// from the whole file.
    pub line: usize,
    /// The column in characters, from 1. 0 under the same conditions as the line.
    pub column: usize,
    /// The dotted key, as in `queues.github-sync.timeout`, or the name of an environment variable. Empty for a syntax
    /// error.
    pub key: String,
    /// What is wrong, as a sentence without its full stop.
    pub message: String,
    /// How to fix it.
    pub help: Option<String>,
    snippet: Option<Snippet>,
}

/// A line of the file with a marked part. It is stored with the problem, so that displaying it does not need the
/// file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snippet {
    /// The line's text, safe to print on a terminal.
    pub(super) text: String,
    /// The number of characters before the marked part.
    pub(super) offset: usize,
    /// The number of characters in the marked part.
    pub(super) width: usize,
}

/// A position in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
    /// None if the line must not be shown, because it contains a secret.
    pub(super) snippet: Option<Snippet>,
}

/// The positions of all keys of a file, by dotted key.
#[derive(Clone, Default)]
pub(super) struct Places(pub(super) BTreeMap<String, Place>);

impl Places {
    /// The position of the key at `path`, or of the closest table around it that is in the file.
    pub(super) fn nearest(&self, path: &[&str]) -> Place {
        (1..=path.len()).rev().find_map(|length| self.0.get(&key::join(&path[..length]))).cloned().unwrap_or_default()
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Places({})", self.0.len())
    }
}

impl Problem {
    pub(super) fn new(
        severity: Severity,
        file: Option<&Path>,
        key: String,
        message: String,
        help: Option<String>,
    ) -> Self {
        Self { severity, file: file.map(Path::to_owned), line: 0, column: 0, key, message, help, snippet: None }
    }

    pub(super) fn at(self, place: Place) -> Self {
        Self { line: place.line, column: place.column, snippet: place.snippet, ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        write!(f, "{severity}: {}\n{margin}--> ", self.message)?;
        match &self.file {
            None => write!(f, "environment variable {}", self.key)?,
            Some(file) if self.line == 0 => write!(f, "{}", file.display())?,
            Some(file) => write!(f, "{}:{}:{}", file.display(), self.line, self.column)?,
        }
        if let Some(snippet) = &self.snippet {
            let before = " ".repeat(snippet.offset);
            let mark = "^".repeat(snippet.width.max(1));
            write!(f, "\n{margin} |\n{number} | {}", snippet.text)?;
            write!(f, "\n{margin} | {before}{mark}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n{margin} = help: {help}")?;
        }
        Ok(())
    }
}

/// All problems of one file, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    file: PathBuf,
    list: Vec<Problem>,
}

impl Problems {
    /// Sorts the problems of `file` by line. Problems without a line come first.
    pub fn new(file: impl Into<PathBuf>, mut list: Vec<Problem>) -> Self {
        list.sort_by_key(|problem| (problem.line, problem.column));
        Self { file: file.into(), list }
    }

    /// The problems, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.list.iter()
    }

    /// The number of problems.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are no problems.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self {
            write!(f, "{problem}\n\n")?;
        }
        let noun = if self.len() == 1 { "problem" } else { "problems" };
        write!(f, "{} {noun} in {}", self.len(), self.file.display())
    }
}

/// Why a configuration was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file does not exist or is not text.
    #[error("{} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file was read, but it or the environment has these problems.
    #[error("{0}")]
    Invalid(Problems),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: usize, snippet: Option<Snippet>) -> Problem {
        let file = Path::new("queues.toml");
        let help = Some("write less".to_owned());
        Problem::new(Severity::Error, Some(file), "a.b".into(), "it is long".into(), help).at(Place {
            line,
            column: 3,
            snippet,
        })
    }

    #[test]
    fn the_margin_is_as_wide_as_the_line_number() {
        let snippet = Snippet { text: "a.b = 10".into(), offset: 2, width: 1 };
        assert_eq!(
            problem(120, Some(snippet)).to_string(),
            "error: it is long\n   --> queues.toml:120:3\n    |\n120 | a.b = 10\n    |   ^\n    = help: write less"
        );
    }

    #[test]
    fn a_problem_without_a_line_to_show_has_its_place_and_help() {
        assert_eq!(problem(7, None).to_string(), "error: it is long\n --> queues.toml:7:3\n  = help: write less");
    }

    #[test]
    fn a_key_that_is_not_there_is_at_the_table_around_it() {
        let place = |line| Place { line, ..Place::default() };
        let places = Places([("queues".into(), place(1)), ("queues.a".into(), place(2))].into());
        assert_eq!(places.nearest(&["queues", "a", "plugin"]).line, 2);
        assert_eq!(places.nearest(&["queues", "b", "plugin"]).line, 1);
        assert_eq!(places.nearest(&["host"]).line, 0);
    }
}
