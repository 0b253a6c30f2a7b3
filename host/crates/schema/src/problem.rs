//! Error messages for data that does not match its schema. They name fields and quote the schema, but never a value.

use std::fmt;

use serde_json::{Map, Value};

use super::node::{Bound, Dependent, Operation, Sized};
use super::number::Num;

/// One problem with a job's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataProblem {
    /// The field, as a JSON Pointer. An empty pointer means the data as a whole.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for DataProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "the data: {}", self.message),
            field => write!(f, "field {field}: {}", self.message),
        }
    }
}

/// The messages of a failed operation, each with a location relative to its value. The list is empty if the schemas
/// that the operation used have already reported the problem.
pub fn messages(operation: &Operation, object: Option<&Map<String, Value>>) -> Vec<(String, String)> {
    let here = |message: String| vec![(String::new(), message)];
    match operation {
        Operation::Nothing => here("nothing is allowed here".to_owned()),
        Operation::Type(types) => match types.names().collect::<Vec<_>>().as_slice() {
            [one] => here(format!("the value is not of type {one:?}")),
            several => here(format!("the value is not of one of the types {several:?}")),
        },
        Operation::Enum(choices) if choices.texts.len() + choices.others.len() == 1 => {
            here(format!("the value is not {}", choices.listed))
        }
        Operation::Enum(choices) => here(format!("the value is not one of {}", choices.listed)),
        Operation::Bound { bound, limit } => here(match bound {
            Bound::Minimum => format!("the value is less than {limit}"),
            Bound::ExclusiveMinimum => format!("the value is not greater than {limit}"),
            Bound::Maximum => format!("the value is greater than {limit}"),
            Bound::ExclusiveMaximum => format!("the value is not less than {limit}"),
        }),
        Operation::MultipleOf(of) => here(format!("the value is not a multiple of {of}")),
        Operation::Size { of, least, limit } => {
            let what = match of {
                Sized::Text => "characters",
                Sized::List => "items",
                Sized::Object => "fields",
            };
            let than = if *least { "fewer" } else { "more" };
            here(format!("the value has {than} than {limit} {what}"))
        }
        Operation::Pattern(pattern) => here(format!("the value does not match {}", pattern.quoted())),
        Operation::Required(names) => {
            let missing = names.iter().filter(|name| object.is_some_and(|object| !object.contains_key(&***name)));
            missing.map(|name| (below(name), "this field is needed".to_owned())).collect()
        }
        Operation::DependentRequired(dependent) => dependent
            .iter()
            .filter_map(|Dependent { name, needs }| {
                let object = object.filter(|object| object.contains_key(&**name))?;
                Some(needs.iter().filter(|need| !object.contains_key(&***need)).map(move |need| (name, need)))
            })
            .flatten()
            .map(|(name, need)| (below(need), format!("this field is needed beside {name:?}")))
            .collect(),
        Operation::Unique => here("two items of the value are the same".to_owned()),
        Operation::Any(_) => here("the value fits none of the schemas under `anyOf`".to_owned()),
        Operation::One(_) => here("the value does not fit exactly one of the schemas under `oneOf`".to_owned()),
        Operation::Not(_) => here("the value fits the schema under `not`".to_owned()),
        Operation::Names(_) => here("the name of a field does not fit the schema under `propertyNames`".to_owned()),
        Operation::Contains { least, most, .. } => here(match most {
            None => format!("fewer than {least} items fit the schema under `contains`"),
            Some(most) => format!("not {least} to {most} items fit the schema under `contains`"),
        }),
        Operation::All(_)
        | Operation::If { .. }
        | Operation::Reference(_)
        | Operation::DynamicReference { .. }
        | Operation::DependentSchemas(_)
        | Operation::Fields(_)
        | Operation::Items { .. }
        | Operation::UnevaluatedItems(_)
        | Operation::UnevaluatedFields(_) => Vec::new(),
    }
}

/// Formats a field name as a step of a JSON Pointer.
pub fn below(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

impl fmt::Display for Num {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => write!(f, "{whole}"),
            Self::Double(double) => write!(f, "{double:?}"),
        }
    }
}
