//! A compiled schema: a flat list of nodes, each with the operations of its keywords.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::Value;

use super::number::Num;
use super::pattern::Pattern;

/// The index of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId(pub u32);

/// The schema that accepts every value.
pub const ANY: NodeId = NodeId(0);
/// The schema that accepts no value.
pub const NOTHING: NodeId = NodeId(1);

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    pub nodes: Box<[Node]>,
    pub root: NodeId,
    /// The schemas with a `$dynamicAnchor`, by resource and name.
    pub dynamic: HashMap<(u32, Box<str>), NodeId>,
}

/// One schema within a compiled schema.
#[derive(Debug, Default)]
pub struct Node {
    /// The resource that contains it. `$dynamicRef` depends on it.
    pub resource: u32,
    /// Whether it must know which fields and items other keywords have evaluated.
    pub collects: bool,
    /// Whether none of its operations uses another schema.
    pub is_leaf: bool,
    /// The operations of its keywords.
    pub operations: Box<[Operation]>,
}

/// The requirement of one keyword, or of several related ones.
#[derive(Debug)]
pub enum Operation {
    Nothing,
    Type(Types),
    Enum(Box<Choices>),
    Bound { bound: Bound, limit: Num },
    MultipleOf(Num),
    Size { of: Sized, least: bool, limit: u64 },
    Pattern(Box<Pattern>),
    Required(Box<[Box<str>]>),
    DependentRequired(Box<[Dependent]>),
    Unique,
    All(Box<[NodeId]>),
    Any(Box<[NodeId]>),
    One(Box<[NodeId]>),
    Not(NodeId),
    If { condition: NodeId, then: NodeId, otherwise: NodeId },
    Reference(NodeId),
    DynamicReference { name: Box<str>, otherwise: NodeId },
    DependentSchemas(Box<[(Box<str>, NodeId)]>),
    Fields(Box<Fields>),
    Names(NodeId),
    Items { prefix: Box<[NodeId]>, rest: Option<NodeId> },
    Contains { schema: NodeId, least: u64, most: Option<u64> },
    UnevaluatedItems(NodeId),
    UnevaluatedFields(NodeId),
}

impl Operation {
    /// Whether the operation uses no other schema.
    pub fn is_leaf(&self) -> bool {
        match self {
            Self::Nothing
            | Self::Type(_)
            | Self::Enum(_)
            | Self::Bound { .. }
            | Self::MultipleOf(_)
            | Self::Size { .. }
            | Self::Pattern(_)
            | Self::Required(_)
            | Self::DependentRequired(_)
            | Self::Unique => true,
            Self::All(_)
            | Self::Any(_)
            | Self::One(_)
            | Self::Not(_)
            | Self::If { .. }
            | Self::Reference(_)
            | Self::DynamicReference { .. }
            | Self::DependentSchemas(_)
            | Self::Fields(_)
            | Self::Names(_)
            | Self::Items { .. }
            | Self::Contains { .. }
            | Self::UnevaluatedItems(_)
            | Self::UnevaluatedFields(_) => false,
        }
    }
}

impl Choices {
    /// Whether the choices contain this text.
    pub fn has(&self, text: &str) -> bool {
        self.texts.binary_search_by(|known| (**known).cmp(text)).is_ok()
    }
}

impl Fields {
    /// The schema of the field with this name.
    pub fn named(&self, name: &str) -> Option<NodeId> {
        let at = self.named.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        Some(self.named[at].1)
    }
}

/// A set of JSON types, one bit per type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Types(pub u8);

impl Types {
    pub const NAMES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

    /// The type with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().position(|known| *known == name).map(|at| Self(1 << at))
    }

    /// The types of a value (an integer is also a number).
    pub fn of(value: &Value) -> Self {
        Self(match value {
            Value::Null => 1,
            Value::Bool(_) => 1 << 1,
            Value::Number(number) if Num::new(number).is_whole() => 1 << 2 | 1 << 3,
            Value::Number(_) => 1 << 3,
            Value::String(_) => Self::TEXT.0,
            Value::Array(_) => 1 << 5,
            Value::Object(_) => 1 << 6,
        })
    }

    pub const TEXT: Self = Self(1 << 4);

    /// Whether the two sets have a type in common.
    pub fn meet(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// The names of the types.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().enumerate().filter(move |(at, _)| self.0 >> at & 1 == 1).map(|(_, name)| name)
    }
}

/// The values of `enum` or `const`.
#[derive(Debug, Default)]
pub struct Choices {
    /// Texts, sorted.
    pub texts: Box<[Box<str>]>,
    pub others: Box<[Value]>,
    /// The first values in their original order, for an error message.
    pub listed: String,
}

/// The fields that are required when the field `name` is present.
#[derive(Debug)]
pub struct Dependent {
    pub name: Box<str>,
    pub needs: Box<[Box<str>]>,
}

/// A numeric limit.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    Minimum,
    ExclusiveMinimum,
    Maximum,
    ExclusiveMaximum,
}

impl Bound {
    /// Whether the limit allows a number that compares with it in this way.
    pub fn allows(self, number: Ordering) -> bool {
        match self {
            Self::Minimum => number.is_ge(),
            Self::ExclusiveMinimum => number.is_gt(),
            Self::Maximum => number.is_le(),
            Self::ExclusiveMaximum => number.is_lt(),
        }
    }
}

/// What a size limit applies to.
#[derive(Clone, Copy, Debug)]
pub enum Sized {
    Text,
    List,
    Object,
}

/// `properties`, `patternProperties` and `additionalProperties`.
#[derive(Debug)]
pub struct Fields {
    /// Schemas by field name, sorted.
    pub named: Box<[(Box<str>, NodeId)]>,
    pub patterns: Box<[(Pattern, NodeId)]>,
    /// `None` if there is no such keyword. Then the keyword evaluates no field.
    pub others: Option<NodeId>,
}
