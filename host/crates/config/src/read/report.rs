//! Collects what is wrong, and knows the place of every key that it is about.

use super::super::problem::{Place, Places, Problem, Severity};
use super::source::Source;
use super::table::Node;

/// What is wrong with a value, before its place is known.
#[derive(Debug)]
pub(super) struct Fault {
    message: String,
    help: Option<String>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// Says what to do about it.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Everything that was found so far.
pub(super) struct Report<'s> {
    source: &'s Source<'s>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl<'s> Report<'s> {
    pub(super) fn new(source: &'s Source<'s>) -> Self {
        Self { source, problems: Vec::new(), warnings: Vec::new() }
    }

    /// Reads a value that may be absent. None when it is, or when it is wrong, which is then reported.
    pub(super) fn read<'d, T>(
        &mut self,
        node: Option<Node<'d>>,
        read: impl FnOnce(&Node<'d>) -> Result<T, Fault>,
    ) -> Option<T> {
        let node = node?;
        match read(&node) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.error(node.key(), fault);
                None
            }
        }
    }

    /// Puts a value into `slot`, which keeps its default when the value is absent or wrong.
    pub(super) fn set<'d, T>(
        &mut self,
        slot: &mut T,
        node: Option<Node<'d>>,
        read: impl FnOnce(&Node<'d>) -> Result<T, Fault>,
    ) {
        if let Some(value) = self.read(node, read) {
            *slot = value;
        }
    }

    /// The value at `key` is wrong.
    pub(super) fn error(&mut self, key: &str, fault: Fault) {
        let place = self.source.value(key);
        self.push(key, fault, place);
    }

    /// The key itself is wrong, or something is missing from the table that it names.
    pub(super) fn error_at_key(&mut self, key: &str, fault: Fault) {
        let place = self.source.key(key);
        self.push(key, fault, place);
    }

    /// `key` is missing from the table that `table` names.
    pub(super) fn error_missing(&mut self, table: &str, key: &str, fault: Fault) {
        let place = self.source.key(table);
        self.push(key, fault, place);
    }

    /// The file as a whole lacks `key`.
    pub(super) fn error_in_file(&mut self, key: &str, fault: Fault) {
        self.push(key, fault, Place::default());
    }

    /// An environment variable is wrong.
    pub(super) fn error_in_environment(&mut self, variable: &str, fault: Fault) {
        let Fault { message, help } = fault;
        let key = variable.to_owned();
        self.problems.push(Problem::new(Severity::Error, None, key, message, help));
    }

    /// The key is allowed, but most likely not meant.
    pub(super) fn warn_at_key(&mut self, key: &str, fault: Fault) {
        let place = self.source.key(key);
        let problem = self.problem(Severity::Warning, key, fault, place);
        self.warnings.push(problem);
    }

    /// The places of all keys, for problems that are found later.
    pub(super) fn places(&self) -> Places {
        self.source.places()
    }

    /// What was found: errors and warnings.
    pub(super) fn finish(mut self) -> (Vec<Problem>, Vec<Problem>) {
        self.warnings.sort_by_key(|warning| (warning.line, warning.column));
        (self.problems, self.warnings)
    }

    fn push(&mut self, key: &str, fault: Fault, place: Place) {
        let problem = self.problem(Severity::Error, key, fault, place);
        self.problems.push(problem);
    }

    fn problem(&self, severity: Severity, key: &str, fault: Fault, place: Place) -> Problem {
        let Fault { message, help } = fault;
        let file = Some(self.source.file());
        Problem::new(severity, file, key.to_owned(), message, help).at(place)
    }
}
