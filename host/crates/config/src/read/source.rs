//! The text of a file with an index of its keys: maps a dotted key to a line and column, and to a snippet that is
//! safe to show. Knows which parts of the text are secret.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::key::dotted;
use super::super::problem::{Place, Places, Snippet};
use super::line_index::LineIndex;
use super::schema::{self, Secrecy};

type Span = Range<usize>;

/// A file that is valid TOML.
pub(super) struct Source<'t> {
    lines: LineIndex<'t>,
    file: &'t Path,
    keys: BTreeMap<String, Spot>,
    /// Values that are secrets. Their lines are never shown.
    hidden: Vec<Span>,
    /// Values under unknown keys, which may be secrets. Their lines are shown only up to the value.
    cut: Vec<Span>,
}

struct Spot {
    key: Span,
    value: Span,
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t str, file: &'t Path, document: &DeTable<'_>) -> Self {
        let mut source =
            Self { lines: LineIndex::new(text), file, keys: BTreeMap::new(), hidden: Vec::new(), cut: Vec::new() };
        source.index_table("", &mut Vec::new(), document);
        source
    }

    /// The file's path, as the caller gave it.
    pub(super) fn file(&self) -> &Path {
        self.file
    }

    /// The position of the name of `key`.
    pub(super) fn key(&self, key: &str) -> Place {
        self.keys.get(key).map_or_else(Place::default, |spot| self.place(&spot.key))
    }

    /// The position of the value of `key`.
    pub(super) fn value(&self, key: &str) -> Place {
        self.keys.get(key).map_or_else(Place::default, |spot| self.place(&spot.value))
    }

    /// The positions of the values of all keys.
    pub(super) fn places(&self) -> Places {
        let spots = self.keys.iter();
        Places(spots.map(|(key, spot)| (key.clone(), self.place(&spot.value))).collect())
    }

    fn index_table<'d>(&mut self, prefix: &str, path: &mut Vec<&'d str>, table: &'d DeTable<'_>) {
        for (name, value) in table {
            let key = dotted(prefix, name.get_ref());
            path.push(name.get_ref());
            self.index(key, name.span(), path, value);
            path.pop();
        }
    }

    fn index<'d>(&mut self, key: String, name: Span, path: &mut Vec<&'d str>, value: &'d Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => self.index_table(&key, path, table),
            DeValue::Array(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.index(format!("{key}[{number}]"), item.span(), path, item);
                }
            }
            leaf => self.guard(path, leaf.as_str(), value.span()),
        }
        let value = value.span();
        self.keys.insert(key, Spot { key: name, value });
    }

    /// Records the span of a value that must not be shown. `text` is the value, if it is a string.
    fn guard(&mut self, path: &[&str], text: Option<&str>, span: Span) {
        // A URL with a password is a secret under any key, even if the key or the value is not valid.
        let holds_password = text.is_some_and(|text| text.contains('@'));
        match schema::secrecy(path) {
            Secrecy::Secret => self.hidden.push(span),
            _ if holds_password => self.hidden.push(span),
            Secrecy::Unknown if text.is_some() => self.cut.push(span),
            Secrecy::Unknown | Secrecy::Open => {}
        }
    }

    fn place(&self, span: &Span) -> Place {
        Place { snippet: self.snippet(span), ..self.lines.place(span.start) }
    }

    /// The part of the line of `span` that may be shown.
    fn snippet(&self, span: &Span) -> Option<Snippet> {
        let line = self.lines.around(span.start);
        let on_line = |other: &&Span| other.start < line.end && line.start < other.end;
        if self.hidden.iter().any(|secret| on_line(&secret)) {
            return None;
        }
        let cut = self.cut.iter().filter(on_line).map(|span| span.start).min();
        let Some(cut) = cut else {
            return Some(self.lines.snippet(line.clone(), span));
        };
        let before = line.start <= cut && span.end <= cut;
        before.then(|| {
            let mut snippet = self.lines.snippet(line.start..cut, span);
            snippet.text.push('…');
            snippet
        })
    }
}
