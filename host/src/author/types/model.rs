//! A language-independent model of types, between the schema and the output.

use std::collections::HashSet;

use serde_json::Value;

/// A type. Objects with fields have their own names, see [`Declaration`].
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Any JSON value.
    Unknown,
    /// No value.
    Never,
    /// `null`.
    Null,
    /// A boolean.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A text.
    String,
    /// Exactly this value: a string, number, boolean or null.
    Literal(Value),
    /// A list of any length.
    List(Box<Kind>),
    /// A list with exactly these items.
    Tuple(Vec<Kind>),
    /// An object whose values all have this type.
    Map(Box<Kind>),
    /// An object with these fields. Only in a [`Declaration`].
    Object(Vec<Field>),
    /// One of these types.
    Union(Vec<Kind>),
    /// The declaration with this name.
    Named(String),
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name in JSON.
    pub name: String,
    /// Its comment, line by line.
    pub comment: Vec<String>,
    /// Whether it is required.
    pub required: bool,
    /// Its type.
    pub kind: Kind,
}

/// A named type.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// Its name.
    pub name: String,
    /// Its comment, line by line.
    pub comment: Vec<String>,
    /// Its definition.
    pub kind: Kind,
}

/// The union of these types, without duplicates.
pub fn union(kinds: Vec<Kind>) -> Kind {
    let mut flat: Vec<Kind> = Vec::new();
    for kind in kinds {
        let parts = match kind {
            Kind::Union(parts) => parts,
            other => vec![other],
        };
        for part in parts {
            if part != Kind::Never && !flat.contains(&part) {
                flat.push(part);
            }
        }
    }
    if flat.contains(&Kind::Unknown) {
        return Kind::Unknown;
    }
    // By convention, `null` comes last.
    flat.sort_by_key(|kind| *kind == Kind::Null);
    match flat.len() {
        0 => Kind::Never,
        1 => flat.remove(0),
        _ => Kind::Union(flat),
    }
}

/// The names that are already used in one module.
#[derive(Debug, Default)]
pub struct Names(HashSet<String>);

impl Names {
    /// This name if it is free, otherwise the first free one with a number appended.
    pub fn unique(&mut self, name: &str) -> String {
        let safe = if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name.to_owned() };
        let mut numbered = (2_u32..).map(|number| format!("{safe}{number}"));
        let mut free = safe.clone();
        while !self.0.insert(free.clone()) {
            free = numbered.next().unwrap_or_default();
        }
        free
    }
}

/// One job type, with names for its types.
pub struct Named<'a> {
    pub name: &'a str,
    pub data: String,
    pub result: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_union_says_nothing_twice_and_null_last() {
        let kind = union(vec![Kind::Null, Kind::String, union(vec![Kind::String, Kind::Integer])]);
        assert_eq!(kind, Kind::Union(vec![Kind::String, Kind::Integer, Kind::Null]));
        assert_eq!(union(vec![Kind::String, Kind::Unknown]), Kind::Unknown);
    }

    #[test]
    fn a_name_that_is_in_use_gets_a_number() {
        let mut names = Names::default();
        assert_eq!(["A", "A", "A"].map(|name| names.unique(name)), ["A", "A2", "A3"]);
        assert_eq!(names.unique("2fa"), "_2fa");
    }
}
