//! Collects problems, and finds the position of the key that each one is about.

use super::super::problem::{Place, Places, Problem, Severity};
use super::fault::Fault;
use super::node::Node;
use super::source::Source;

/// All problems found so far.
pub(super) struct Report<'s> {
    source: &'s Source<'s>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl<'s> Report<'s> {
    pub(super) fn new(source: &'s Source<'s>) -> Self {
        Self { source, problems: Vec::new(), warnings: Vec::new() }
    }

    /// Reads an optional value. Returns None if it is absent, and also if it is not valid, which is reported.
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

    /// Reads a value into `slot`. The slot keeps its default if the value is absent or not valid.
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

    /// Reports that the value at `key` is not valid.
    pub(super) fn error(&mut self, key: &str, fault: Fault) {
        let place = self.source.value(key);
        self.push(key, fault, place);
    }

    /// Reports that the key itself is not valid, or that its table lacks something.
    pub(super) fn error_at_key(&mut self, key: &str, fault: Fault) {
        let place = self.source.key(key);
        self.push(key, fault, place);
    }

    /// Reports that `key` is missing in the table `table`.
    pub(super) fn error_missing(&mut self, table: &str, key: &str, fault: Fault) {
        let place = self.source.key(table);
        self.push(key, fault, place);
    }

    /// Reports that `key` is missing in the file.
    pub(super) fn error_in_file(&mut self, key: &str, fault: Fault) {
        self.push(key, fault, Place::default());
    }

    /// Reports that an environment variable is not valid.
    pub(super) fn error_in_environment(&mut self, variable: &str, fault: Fault) {
        let Fault { message, help } = fault;
        let key = variable.to_owned();
        self.problems.push(Problem::new(Severity::Error, None, key, message, help));
    }

    /// Warns about a key that is allowed but is probably a mistake.
    pub(super) fn warn_at_key(&mut self, key: &str, fault: Fault) {
        let place = self.source.key(key);
        let problem = self.problem(Severity::Warning, key, fault, place);
        self.warnings.push(problem);
    }

    /// The positions of all keys, for problems that are found later.
    pub(super) fn places(&self) -> Places {
        self.source.places()
    }

    /// Returns the errors and the warnings.
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
