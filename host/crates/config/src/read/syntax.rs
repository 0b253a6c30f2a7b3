//! Reports a file that is not valid TOML. There is only one problem, because the rest of the file cannot be
//! interpreted.

use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, Error};

use super::super::problem::{Place, Problem, Severity};
use super::line_index::LineIndex;

/// Converts `error` to a problem. `text` is the content of the file at `path`.
pub(super) fn problem(text: &str, path: &Path, error: &Error) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let lines = LineIndex::new(text);
    let (message, help) = match error.message() {
        "duplicate key" => duplicate(text, &lines, &span),
        message => (format!("this is not valid TOML: {message}"), advice(message)),
    };
    let line = lines.around(span.start.min(text.len()));
    let place = lines.place(span.start);
    let snippet = may_be_shown(text, &line).then(|| lines.snippet(line, &span));
    let key = String::new();
    Problem::new(Severity::Error, Some(path), key, message, help).at(Place { snippet, ..place })
}

fn advice(message: &str) -> Option<String> {
    let help = if message.starts_with("string values must be quoted") {
        "write text in quotes, as in plugin = \"emails\""
    } else if message.starts_with("invalid basic string") {
        "a string ends with a quote on the same line; a `\\` in it is written `\\\\`"
    } else if message.starts_with("key with no value") {
        "a line is `key = value`, or a table's name in brackets"
    } else {
        return None;
    };
    Some(help.to_owned())
}

/// Without parsed keys, secrets cannot be distinguished from other values. A line is therefore shown only if its
/// section contains neither a URL nor secrets nor a server.
fn may_be_shown(text: &str, line: &Range<usize>) -> bool {
    let start = text[..line.start].rfind("\n[").map_or(0, |line_end| line_end + 1);
    let start = if text[line.clone()].starts_with('[') { line.start } else { start };
    let section = text[start..line.end].to_ascii_lowercase();
    !["url", "://", "secret", "redis", "postgres"].iter().any(|word| section.contains(word))
}

/// A duplicate key or table. The first occurrence is found in the part of the file before the duplicate, which is
/// valid TOML.
fn duplicate(text: &str, lines: &LineIndex<'_>, span: &Range<usize>) -> (String, Option<String>) {
    let line = lines.around(span.start);
    let path = path_of(text, &line, span);
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let name = text.get(span.clone()).unwrap_or_default();
    let (message, advice) = match names.as_slice() {
        ["queues", name] => (format!("there are two queues of one name: `{name}`"), "a queue has one entry"),
        ["plugins", name] => (format!("there are two plugins of one name: `{name}`"), "a plugin has one entry"),
        _ => (format!("`{name}` is there twice"), "write it once"),
    };
    let first = first_place(&text[..line.start], &names);
    let help = match first {
        Some(line) => format!("{advice}; the first one is on line {line}"),
        None => advice.to_owned(),
    };
    (message, Some(help))
}

/// The path of the duplicate at `span`: either the names in its own header, or the last header before it plus its own
/// name. Empty if the path is unknown, for example inside an inline table.
fn path_of(text: &str, line: &Range<usize>, span: &Range<usize>) -> Vec<String> {
    if let Some(path) = header(&text[line.clone()]) {
        return path;
    }
    if !text[line.start..span.start].trim().is_empty() {
        return Vec::new();
    }
    let mut path = text[..line.start].lines().rev().find_map(header).unwrap_or_default();
    path.push(text[span.clone()].to_owned());
    path
}

/// The names in a line such as `[queues.emails]`.
fn header(line: &str) -> Option<Vec<String>> {
    if !line.trim_start().starts_with('[') {
        return None;
    }
    let document = DeTable::parse(line).ok()?;
    let mut names = Vec::new();
    let mut table = document.get_ref();
    while let Some((name, value)) = table.iter().next() {
        names.push(name.get_ref().to_string());
        match value.get_ref().as_table() {
            Some(inner) => table = inner,
            None => break,
        }
    }
    Some(names)
}

/// The line of the key at `path` in `text`.
fn first_place(text: &str, path: &[&str]) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let (last, tables) = path.split_last()?;
    let mut table = document.get_ref();
    for name in tables {
        table = table.get(*name)?.get_ref().as_table()?;
    }
    let (name, _) = table.get_key_value(*last)?;
    Some(LineIndex::new(text).number(name.span().start))
}
