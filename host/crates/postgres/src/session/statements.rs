//! The cache of prepared statements of one session: the most recently used ones, by text and types of parameters.

use crate::answer::Column;

/// The most statements that a session keeps.
const CAPACITY: usize = 100;
/// Longer statements are not kept, in bytes: callers that write values into statements would fill the server's memory.
const LONGEST: usize = 64 * 1024;

/// A prepared statement.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Prepared {
    /// Its name on the server.
    pub name: String,
    /// The columns of its rows.
    pub columns: Vec<Column>,
}

struct Entry {
    statement: String,
    types: Vec<u32>,
    prepared: Prepared,
    /// When it was last used, in uses of the cache.
    used: u64,
}

/// The prepared statements of one session.
#[derive(Default)]
pub(crate) struct Statements {
    entries: Vec<Entry>,
    uses: u64,
    names: u64,
    /// Names on the server that nobody uses any more.
    unused: Vec<String>,
}

impl Statements {
    /// The prepared statement with this text and these types of parameters.
    pub(crate) fn find(&mut self, statement: &str, types: &[u32]) -> Option<Prepared> {
        self.uses += 1;
        let entry = self.entries.iter_mut().find(|entry| entry.types == types && entry.statement == statement)?;
        entry.used = self.uses;
        Some(entry.prepared.clone())
    }

    /// A name for a statement. Empty: it is not kept, and the server replaces it with the next one.
    pub(crate) fn name(&mut self, statement: &str) -> String {
        if statement.len() > LONGEST {
            return String::new();
        }
        self.names += 1;
        format!("toril_{}", self.names)
    }

    /// Keeps a prepared statement. The least recently used one makes room for it.
    pub(crate) fn keep(&mut self, statement: &str, types: &[u32], prepared: Prepared) {
        if prepared.name.is_empty() {
            return;
        }
        self.uses += 1;
        if self.entries.len() >= CAPACITY
            && let Some(oldest) = (0..self.entries.len()).min_by_key(|index| self.entries[*index].used)
        {
            self.unused.push(self.entries.swap_remove(oldest).prepared.name);
        }
        let (statement, types, used) = (statement.to_owned(), types.to_owned(), self.uses);
        self.entries.push(Entry { statement, types, prepared, used });
    }

    /// Removes one statement, which the server may still have.
    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(index) = self.entries.iter().position(|entry| entry.prepared.name == name) {
            self.discard(self.entries[index].prepared.name.clone());
            self.entries.swap_remove(index);
        }
    }

    /// Has a name closed that the server may know, and that is not in the cache.
    pub(crate) fn discard(&mut self, name: String) {
        if !name.is_empty() {
            self.unused.push(name);
        }
    }

    /// Removes all statements. The server may still have some of them.
    pub(crate) fn forget(&mut self) {
        self.unused.extend(self.entries.drain(..).map(|entry| entry.prepared.name));
    }

    /// The names to close on the server.
    pub(crate) fn unused(&self) -> &[String] {
        &self.unused
    }

    /// These names are being closed.
    pub(crate) fn clear_unused(&mut self) {
        self.unused.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(statements: &mut Statements, statement: &str, types: &[u32]) -> String {
        let name = statements.name(statement);
        statements.keep(statement, types, Prepared { name: name.clone(), columns: Vec::new() });
        name
    }

    #[test]
    fn a_statement_is_found_by_text_and_types() {
        let mut statements = Statements::default();
        let name = keep(&mut statements, "select $1", &[23]);

        assert_eq!(statements.find("select $1", &[23]).map(|found| found.name), Some(name));
        assert_eq!(statements.find("select $1", &[25]), None);
        assert_eq!(statements.find("select $2", &[23]), None);
    }

    #[test]
    fn the_least_recently_used_statement_makes_room() {
        let mut statements = Statements::default();
        let first = keep(&mut statements, "select 0", &[]);
        let second = keep(&mut statements, "select 1", &[]);
        for number in 2..CAPACITY {
            keep(&mut statements, &format!("select {number}"), &[]);
        }
        assert!(statements.find("select 0", &[]).is_some());

        keep(&mut statements, "select 100", &[]);

        assert_eq!(statements.unused(), [second]);
        assert_eq!(statements.find("select 0", &[]).map(|found| found.name), Some(first));
        assert_eq!(statements.find("select 1", &[]), None);
    }

    #[test]
    fn a_long_statement_is_not_kept() {
        let mut statements = Statements::default();
        let long = "x".repeat(LONGEST + 1);

        assert_eq!(keep(&mut statements, &long, &[]), "");
        assert_eq!(statements.find(&long, &[]), None);
    }

    #[test]
    fn forgotten_statements_are_closed_and_their_names_are_not_used_again() {
        let mut statements = Statements::default();
        let first = keep(&mut statements, "select 1", &[]);

        statements.forget();

        assert_eq!(statements.find("select 1", &[]), None);
        assert_eq!(statements.unused(), [first.as_str()]);
        assert_ne!(keep(&mut statements, "select 1", &[]), first);
    }
}
