//! Compiles a JSON Schema (draft 2020-12). Every schema in the document becomes exactly one node, however many
//! references lead to it. So time and memory are proportional to the text. Regular expressions have their own limit.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::document::{Document, quoted};
use super::node::{ANY, Bound, Choices, Dependent, Fields, NOTHING, Node, NodeId, Operation, Schema, Sized, Types};
use super::number::Num;
use super::pattern::{Pattern, Room};

/// Maximum number of `enum` values that an error message lists, and maximum number of characters of each.
const LISTED_VALUES: usize = 5;
const VALUE_LENGTH: usize = 100;

/// Compiles a schema. The error is meant for the schema's author.
pub fn compile(root: &Value, room: &mut Room) -> Result<Schema, String> {
    let document = Document::new(root)?;
    let mut compiler = Compiler { document, nodes: Vec::new(), known: HashMap::new(), open: Vec::new(), room };
    compiler.nodes.push(Node::default());
    compiler.nodes.push(Node { is_leaf: true, operations: Box::new([Operation::Nothing]), ..Node::default() });
    let first = compiler.node(root, 0)?;
    let mut dynamic = HashMap::new();
    let anchors: Vec<_> = compiler.document.dynamic_anchors().collect();
    for (resource, name, schema) in anchors {
        let node = compiler.node(schema, resource)?;
        dynamic.insert((number(resource), name.into()), node);
    }
    while let Some(open) = compiler.open.pop() {
        let node = compiler.keywords(&open).map_err(|what| match place(root, open.keywords) {
            Some(place) if !place.is_empty() => format!("at {}: {what}", quoted(&place)),
            _ => what,
        })?;
        compiler.nodes[open.node.0 as usize] = node;
    }
    Ok(Schema { nodes: compiler.nodes.into(), root: first, dynamic })
}

struct Compiler<'d, 'r> {
    document: Document<'d>,
    nodes: Vec<Node>,
    /// The nodes, by the memory addresses of their schemas.
    known: HashMap<*const Value, NodeId>,
    /// Nodes whose keywords are not compiled yet.
    open: Vec<Open<'d>>,
    room: &'r mut Room,
}

/// A node whose keywords are not compiled yet.
struct Open<'d> {
    node: NodeId,
    keywords: &'d Map<String, Value>,
    resource: usize,
}

type Compiled<T> = Result<T, String>;

impl<'d> Compiler<'d, '_> {
    /// Returns the node of a schema, and creates it on first use.
    fn node(&mut self, schema: &'d Value, around: usize) -> Compiled<NodeId> {
        let keywords = match schema {
            Value::Bool(true) => return Ok(ANY),
            Value::Bool(false) => return Ok(NOTHING),
            Value::Object(keywords) if keywords.is_empty() => return Ok(ANY),
            Value::Object(keywords) => keywords,
            _ => return Err("where a schema belongs there is neither an object nor a boolean".to_owned()),
        };
        if let Some(known) = self.known.get(&std::ptr::from_ref(schema)) {
            return Ok(*known);
        }
        let resource = self.document.home(schema).unwrap_or(around);
        let node = NodeId(number(self.nodes.len()));
        self.nodes.push(Node { resource: number(resource), ..Node::default() });
        self.known.insert(schema, node);
        self.open.push(Open { node, keywords, resource });
        Ok(node)
    }

    fn nodes(&mut self, schemas: &'d [Value], around: usize) -> Compiled<Box<[NodeId]>> {
        schemas.iter().map(|schema| self.node(schema, around)).collect()
    }

    /// Compiles the keywords of a node: cheap ones first, and `unevaluated…` last, because they depend on what the
    /// others have evaluated.
    fn keywords(&mut self, open: &Open<'d>) -> Compiled<Node> {
        let at = At { keywords: open.keywords, resource: open.resource };
        let mut operations = Vec::new();
        values(&at, &mut operations)?;
        if let Some(source) = at.text("pattern")? {
            operations.push(Operation::Pattern(Box::new(self.pattern(source)?)));
        }
        objects(&at, &mut operations)?;
        self.references(&at, &mut operations)?;
        self.combinations(&at, &mut operations)?;
        self.fields(&at, &mut operations)?;
        self.items(&at, &mut operations)?;
        // `contentSchema` is an annotation, but its value must still be a valid schema.
        self.schema(&at, "contentSchema")?;
        let before = operations.len();
        if let Some(schema) = self.schema(&at, "unevaluatedItems")? {
            operations.push(Operation::UnevaluatedItems(schema));
        }
        if let Some(schema) = self.schema(&at, "unevaluatedProperties")? {
            operations.push(Operation::UnevaluatedFields(schema));
        }
        let collects = operations.len() > before;
        let is_leaf = operations.iter().all(Operation::is_leaf);
        Ok(Node { resource: number(open.resource), collects, is_leaf, operations: operations.into() })
    }

    fn schema(&mut self, at: &At<'d>, keyword: &str) -> Compiled<Option<NodeId>> {
        let schema = at.keywords.get(keyword);
        schema.map(|schema| self.node(schema, at.resource)).transpose().map_err(|what| format!("`{keyword}`: {what}"))
    }

    /// A list of schemas, which must not be empty.
    fn schemas(&mut self, at: &At<'d>, keyword: &str) -> Compiled<Option<Box<[NodeId]>>> {
        match at.list(keyword)? {
            Some([]) => Err(format!("`{keyword}` is empty")),
            Some(schemas) => self.nodes(schemas, at.resource).map(Some),
            None => Ok(None),
        }
    }

    fn pattern(&mut self, source: &str) -> Compiled<Pattern> {
        Pattern::compile(source, self.room)
            .map_err(|error| format!("the regular expression {} cannot be used: {error}", quoted(source)))
    }

    fn references(&mut self, at: &At<'d>, operations: &mut Vec<Operation>) -> Compiled<()> {
        if let Some(reference) = at.text("$ref")? {
            let target = self.document.resolve(at.resource, reference)?;
            operations.push(Operation::Reference(self.node(target.schema, target.resource)?));
        }
        if let Some(reference) = at.text("$dynamicRef")? {
            let target = self.document.resolve(at.resource, reference)?;
            let otherwise = self.node(target.schema, target.resource)?;
            operations.push(match target.dynamic {
                Some(name) => Operation::DynamicReference { name: name.into(), otherwise },
                None => Operation::Reference(otherwise),
            });
        }
        Ok(())
    }

    fn combinations(&mut self, at: &At<'d>, operations: &mut Vec<Operation>) -> Compiled<()> {
        if let Some(schemas) = self.schemas(at, "allOf")? {
            operations.push(Operation::All(schemas));
        }
        if let Some(schemas) = self.schemas(at, "anyOf")? {
            operations.push(Operation::Any(schemas));
        }
        if let Some(schemas) = self.schemas(at, "oneOf")? {
            operations.push(Operation::One(schemas));
        }
        if let Some(schema) = self.schema(at, "not")? {
            operations.push(Operation::Not(schema));
        }
        let then = self.schema(at, "then")?.unwrap_or(ANY);
        let otherwise = self.schema(at, "else")?.unwrap_or(ANY);
        if let Some(condition) = self.schema(at, "if")? {
            operations.push(Operation::If { condition, then, otherwise });
        }
        Ok(())
    }

    fn named(&mut self, at: &At<'d>, keyword: &str) -> Compiled<Vec<(&'d String, NodeId)>> {
        let Some(named) = at.map(keyword)? else { return Ok(Vec::new()) };
        named.iter().map(|(name, schema)| Ok((name, self.node(schema, at.resource)?))).collect()
    }

    fn fields(&mut self, at: &At<'d>, operations: &mut Vec<Operation>) -> Compiled<()> {
        // Schemas that are only reachable by reference must be valid too.
        self.named(at, "$defs")?;
        self.named(at, "definitions")?;
        let mut dependent = self.named(at, "dependentSchemas")?;
        for (name, needs) in at.map("dependencies")?.into_iter().flatten() {
            if !needs.is_array() {
                dependent.push((name, self.node(needs, at.resource)?));
            }
        }
        if !dependent.is_empty() {
            let dependent = dependent.into_iter().map(|(name, node)| (name.as_str().into(), node));
            operations.push(Operation::DependentSchemas(dependent.collect()));
        }
        let mut named: Vec<(Box<str>, NodeId)> = Vec::new();
        named.extend(self.named(at, "properties")?.into_iter().map(|(name, node)| (name.as_str().into(), node)));
        named.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let mut patterns = Vec::new();
        for (source, node) in self.named(at, "patternProperties")? {
            patterns.push((self.pattern(source)?, node));
        }
        let others = self.schema(at, "additionalProperties")?;
        let fields = Fields { named: named.into(), patterns: patterns.into(), others };
        if !fields.named.is_empty() || !fields.patterns.is_empty() || fields.others.is_some() {
            operations.push(Operation::Fields(Box::new(fields)));
        }
        if let Some(names) = self.schema(at, "propertyNames")? {
            operations.push(Operation::Names(names));
        }
        Ok(())
    }

    fn items(&mut self, at: &At<'d>, operations: &mut Vec<Operation>) -> Compiled<()> {
        if at.keywords.get("items").is_some_and(Value::is_array) {
            return Err("`items` is a list: that is `prefixItems` in draft 2020-12".to_owned());
        }
        let prefix = self.schemas(at, "prefixItems")?.unwrap_or_default();
        let rest = self.schema(at, "items")?;
        if !prefix.is_empty() || rest.is_some() {
            operations.push(Operation::Items { prefix, rest });
        }
        let (least, most) = (at.size("minContains")?, at.size("maxContains")?);
        if let Some(schema) = self.schema(at, "contains")? {
            operations.push(Operation::Contains { schema, least: least.unwrap_or(1), most });
        }
        Ok(())
    }
}

/// Compiles the keywords that use no other schema and do not apply to objects.
fn values(at: &At<'_>, operations: &mut Vec<Operation>) -> Compiled<()> {
    if let Some(types) = at.keywords.get("type") {
        let names = match types {
            Value::Array(names) if !names.is_empty() => names.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut types = Types::default();
        for name in names {
            let named = name.as_str().and_then(Types::named);
            types.0 |= named.ok_or_else(|| format!("`type` has no type {}", quoted(&name.to_string())))?.0;
        }
        operations.push(Operation::Type(types));
    }
    if let Some(value) = at.keywords.get("const") {
        operations.push(Operation::Enum(Box::new(choices(std::slice::from_ref(value)))));
    }
    if let Some(values) = at.list("enum")? {
        operations.push(Operation::Enum(Box::new(choices(values))));
    }
    for (keyword, bound) in [
        ("minimum", Bound::Minimum),
        ("exclusiveMinimum", Bound::ExclusiveMinimum),
        ("maximum", Bound::Maximum),
        ("exclusiveMaximum", Bound::ExclusiveMaximum),
    ] {
        if let Some(limit) = at.number(keyword)? {
            operations.push(Operation::Bound { bound, limit });
        }
    }
    if let Some(of) = at.number("multipleOf")? {
        if of.compare(Num::Whole(0)).is_le() {
            return Err("`multipleOf` is not larger than 0".to_owned());
        }
        operations.push(Operation::MultipleOf(of));
    }
    for (keyword, of, least) in [
        ("minLength", Sized::Text, true),
        ("maxLength", Sized::Text, false),
        ("minItems", Sized::List, true),
        ("maxItems", Sized::List, false),
        ("minProperties", Sized::Object, true),
        ("maxProperties", Sized::Object, false),
    ] {
        if let Some(limit) = at.size(keyword)? {
            operations.push(Operation::Size { of, least, limit });
        }
    }
    match at.keywords.get("uniqueItems") {
        None | Some(Value::Bool(false)) => {}
        Some(Value::Bool(true)) => operations.push(Operation::Unique),
        Some(_) => return Err("`uniqueItems` is no boolean".to_owned()),
    }
    Ok(())
}

/// Compiles the keywords about the field names of an object.
fn objects(at: &At<'_>, operations: &mut Vec<Operation>) -> Compiled<()> {
    if let Some(required) = at.keywords.get("required") {
        let names = texts("required", required)?;
        if !names.is_empty() {
            operations.push(Operation::Required(names));
        }
    }
    let mut dependent: Vec<Dependent> = Vec::new();
    for keyword in ["dependentRequired", "dependencies"] {
        for (name, needs) in at.map(keyword)?.into_iter().flatten() {
            if keyword == "dependentRequired" || needs.is_array() {
                dependent.push(Dependent { name: name.as_str().into(), needs: texts(keyword, needs)? });
            }
        }
    }
    if !dependent.is_empty() {
        operations.push(Operation::DependentRequired(dependent.into()));
    }
    Ok(())
}

fn texts(keyword: &str, list: &Value) -> Compiled<Box<[Box<str>]>> {
    let texts = list.as_array().map(|list| list.iter().map(|name| name.as_str().map(Box::from)));
    texts.and_then(Iterator::collect).ok_or_else(|| format!("`{keyword}` is no list of names"))
}

fn choices(values: &[Value]) -> Choices {
    let mut choices = Choices::default();
    let (mut texts, mut others) = (Vec::new(), Vec::new());
    for value in values {
        match value {
            Value::String(text) => texts.push(text.as_str().into()),
            other => others.push(other.clone()),
        }
    }
    texts.sort_unstable();
    (choices.texts, choices.others) = (texts.into(), others.into());
    let listed = values.iter().take(LISTED_VALUES).map(|value| {
        let text = value.to_string();
        let short: String = text.chars().take(VALUE_LENGTH).collect();
        if short.len() < text.len() { short + "…" } else { short }
    });
    choices.listed = listed.collect::<Vec<_>>().join(", ");
    if values.len() > LISTED_VALUES {
        choices.listed += &format!(" and {} more", values.len() - LISTED_VALUES);
    }
    choices
}

/// The keywords of one schema.
struct At<'d> {
    keywords: &'d Map<String, Value>,
    resource: usize,
}

impl<'d> At<'d> {
    fn text(&self, keyword: &str) -> Compiled<Option<&'d str>> {
        self.get(keyword, Value::as_str, "text")
    }

    fn list(&self, keyword: &str) -> Compiled<Option<&'d [Value]>> {
        self.get(keyword, |value| value.as_array().map(Vec::as_slice), "list")
    }

    fn map(&self, keyword: &str) -> Compiled<Option<&'d Map<String, Value>>> {
        self.get(keyword, Value::as_object, "object")
    }

    fn number(&self, keyword: &str) -> Compiled<Option<Num>> {
        self.get(keyword, |value| value.as_number().map(Num::new), "number")
    }

    fn size(&self, keyword: &str) -> Compiled<Option<u64>> {
        let whole = |value: &Value| match Num::new(value.as_number()?) {
            Num::Whole(whole @ 0..) => Some(u64::try_from(whole).unwrap_or(u64::MAX)),
            _ => None,
        };
        self.get(keyword, whole, "whole number from 0 on")
    }

    fn get<T>(&self, keyword: &str, read: impl Fn(&'d Value) -> Option<T>, what: &str) -> Compiled<Option<T>> {
        let Some(value) = self.keywords.get(keyword) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| format!("`{keyword}` is no {what}"))
    }
}

/// Location of these keywords in a document, as a JSON Pointer.
fn place(document: &Value, keywords: &Map<String, Value>) -> Option<String> {
    let step = |name: &str, value| {
        place(value, keywords).map(|rest| format!("/{}{rest}", name.replace('~', "~0").replace('/', "~1")))
    };
    match document {
        Value::Object(map) if std::ptr::eq(map, keywords) => Some(String::new()),
        Value::Object(map) => map.iter().find_map(|(name, value)| step(name, value)),
        Value::Array(list) => list.iter().enumerate().find_map(|(at, value)| step(&at.to_string(), value)),
        _ => None,
    }
}

/// A manifest has fewer than 2^32 bytes, so the conversion never saturates.
fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
