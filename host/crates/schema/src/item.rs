//! The value that a schema checks: a value of the data or a field name. Also the keywords that use no other schema.

use serde_json::{Map, Value};

use super::budget::{Budget, Spent};
use super::equal::{all_differ, equal, steps_of};
use super::node::{Dependent, Operation, Sized, Types};
use super::number::Num;
use super::pattern::Search;

/// A value of the data, or a field name, which `propertyNames` checks like a value.
#[derive(Clone, Copy, Debug)]
pub enum Item<'v> {
    Value(&'v Value),
    Name(&'v str),
}

impl<'v> Item<'v> {
    /// The text, if it is a text.
    pub fn text(self) -> Option<&'v str> {
        match self {
            Self::Value(value) => value.as_str(),
            Self::Name(name) => Some(name),
        }
    }

    /// The items, if it is a list.
    pub fn list(self) -> Option<&'v [Value]> {
        match self {
            Self::Value(value) => value.as_array().map(Vec::as_slice),
            Self::Name(_) => None,
        }
    }

    /// The fields, if it is an object.
    pub fn object(self) -> Option<&'v Map<String, Value>> {
        match self {
            Self::Value(value) => value.as_object(),
            Self::Name(_) => None,
        }
    }

    fn number(self) -> Option<Num> {
        match self {
            Self::Value(Value::Number(number)) => Some(Num::new(number)),
            _ => None,
        }
    }

    fn types(self) -> Types {
        match self {
            Self::Value(value) => Types::of(value),
            Self::Name(_) => Types::TEXT,
        }
    }

    /// Whether it satisfies an operation that uses no other schema.
    pub fn fits_leaf(self, leaf: &Operation, budget: &mut Budget) -> Result<bool, Spent> {
        budget.take(1)?;
        Ok(match leaf {
            Operation::Nothing => false,
            Operation::Pattern(pattern) => match self.text() {
                Some(text) => Search::new(pattern).finish(text, budget)?,
                None => true,
            },
            Operation::Type(types) => types.meet(self.types()),
            Operation::Enum(choices) => match self {
                Self::Name(text) => {
                    budget.take(steps_of(text))?;
                    choices.has(text)
                }
                Self::Value(Value::String(text)) => {
                    budget.take(steps_of(text))?;
                    choices.has(text)
                }
                Self::Value(value) => {
                    for choice in &choices.others {
                        if equal(value, choice, budget)? {
                            return Ok(true);
                        }
                    }
                    false
                }
            },
            Operation::Bound { bound, limit } => {
                self.number().is_none_or(|number| bound.allows(number.compare(*limit)))
            }
            Operation::MultipleOf(of) => match self.number() {
                Some(number) => {
                    budget.take(number.steps_of_multiple(*of))?;
                    number.is_multiple_of(*of)
                }
                None => true,
            },
            Operation::Size { of, least, limit } => {
                let size = match of {
                    Sized::Text => match self.text() {
                        Some(text) => {
                            budget.take(steps_of(text))?;
                            Some(text.chars().count())
                        }
                        None => None,
                    },
                    Sized::List => self.list().map(<[Value]>::len),
                    Sized::Object => self.object().map(Map::len),
                };
                size.is_none_or(|size| if *least { size as u64 >= *limit } else { size as u64 <= *limit })
            }
            Operation::Required(names) => match self.object() {
                Some(object) => has_all(object, names, budget)?,
                None => true,
            },
            Operation::DependentRequired(dependent) => {
                let Some(object) = self.object() else { return Ok(true) };
                for Dependent { name, needs } in dependent {
                    budget.take(steps_of(name))?;
                    if object.contains_key(&**name) && !has_all(object, needs, budget)? {
                        return Ok(false);
                    }
                }
                true
            }
            Operation::Unique => match self.list() {
                Some(list) => all_differ(list, budget)?,
                None => true,
            },
            // The other operations use schemas.
            _ => true,
        })
    }
}

fn has_all(object: &Map<String, Value>, names: &[Box<str>], budget: &mut Budget) -> Result<bool, Spent> {
    for name in names {
        budget.take(steps_of(name))?;
        if !object.contains_key(&**name) {
            return Ok(false);
        }
    }
    Ok(true)
}
