//! Tables of the file that know their dotted key.

use toml::de::{DeTable, DeValue};

use super::super::key::dotted;
use super::fault::Fault;
use super::node::Node;
use super::report::Report;
use super::schema;
use super::values;

/// A table of the file.
pub(super) struct Table<'d> {
    key: String,
    entries: &'d DeTable<'d>,
}

impl<'d> Table<'d> {
    /// The whole file.
    pub(super) fn root(entries: &'d DeTable<'d>) -> Self {
        Self { key: String::new(), entries }
    }

    /// The table at `node`. Returns None if there is no value, and also if it is not a table, which is reported.
    pub(super) fn of(node: Option<Node<'d>>, report: &mut Report<'_>) -> Option<Self> {
        report.read(node, |node| {
            let entries = node.as_table();
            let entries = entries.ok_or_else(|| values::wrong_type(node, "a table"))?;
            Ok(Self { key: node.key().to_owned(), entries })
        })
    }

    /// The dotted key of the table. Empty for the whole file.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The value of `name`, if it exists.
    pub(super) fn get(&self, name: &str) -> Option<Node<'d>> {
        let value = self.entries.get(name)?;
        Some(self.node(name, value.get_ref()))
    }

    /// The value of `name`. Reports a problem if it is missing.
    pub(super) fn require(&self, name: &str, report: &mut Report<'_>) -> Option<Node<'d>> {
        let node = self.get(name);
        if node.is_none() {
            let fault = Fault::new(format!("{} has no `{name}`", self.key));
            report.error_missing(&self.key, &dotted(&self.key, name), fault);
        }
        node
    }

    /// All entries, sorted by name.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'d str, Node<'d>)> {
        self.entries.iter().map(|(name, value)| {
            let name: &'d str = name.get_ref();
            (name, self.node(name, value.get_ref()))
        })
    }

    /// Reports every key that is not in `allowed`.
    pub(super) fn deny_unknown(&self, allowed: &[&str], report: &mut Report<'_>) {
        for (name, node) in self.entries() {
            if !allowed.contains(&name) {
                let place = match self.key.as_str() {
                    "" => "at the top level of the file",
                    key => &format!("in {key}"),
                };
                let fault = Fault::new(format!("unknown key `{name}` {place}"));
                report.error_at_key(node.key(), fault.help(schema::advice(name, allowed)));
            }
        }
    }

    fn node(&self, name: &str, value: &'d DeValue<'d>) -> Node<'d> {
        Node::new(name, &self.key, value)
    }
}
