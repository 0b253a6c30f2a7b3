//! Tables and values of the file that know their dotted key.

use std::fmt;

use toml::de::{DeTable, DeValue};

use super::super::key::dotted;
use super::report::{Fault, Report};
use super::schema;
use super::values;

/// A value of the file. It displays as the subject of a message: "`timeout` in queues.emails".
#[derive(Clone)]
pub(super) struct Node<'d> {
    name: String,
    parent: String,
    key: String,
    value: &'d DeValue<'d>,
}

impl<'d> Node<'d> {
    /// The dotted key of the value.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn value(&self) -> &'d DeValue<'d> {
        self.value
    }

    pub(super) fn as_table(&self) -> Option<&'d DeTable<'d>> {
        self.value.as_table()
    }

    /// The items of an array. None if the value is not an array.
    pub(super) fn items(&self) -> Option<Vec<Node<'d>>> {
        let items = self.value.as_array()?;
        let item = |(number, item): (usize, &'d toml::Spanned<DeValue<'d>>)| Node {
            name: format!("{}[{number}]", self.name),
            parent: self.parent.clone(),
            key: format!("{}[{number}]", self.key),
            value: item.get_ref(),
        };
        Some(items.iter().enumerate().map(item).collect())
    }
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.name)?;
        if !self.parent.is_empty() {
            write!(f, " in {}", self.parent)?;
        }
        Ok(())
    }
}

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
            Ok(Self { key: node.key.clone(), entries })
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
                report.error_at_key(&node.key, fault.help(schema::advice(name, allowed)));
            }
        }
    }

    fn node(&self, name: &str, value: &'d DeValue<'d>) -> Node<'d> {
        Node { name: name.to_owned(), parent: self.key.clone(), key: dotted(&self.key, name), value }
    }
}
