//! Values of the file that know their dotted key.

use std::fmt;

use toml::de::{DeTable, DeValue};

use super::super::key::dotted;

/// A value of the file. It displays as the subject of a message: "`timeout` in queues.emails".
#[derive(Clone)]
pub(super) struct Node<'d> {
    name: String,
    parent: String,
    key: String,
    value: &'d DeValue<'d>,
}

impl<'d> Node<'d> {
    /// The value of `name` in the table `parent`.
    pub(super) fn new(name: &str, parent: &str, value: &'d DeValue<'d>) -> Self {
        Self { name: name.to_owned(), parent: parent.to_owned(), key: dotted(parent, name), value }
    }

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
