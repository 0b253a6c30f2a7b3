//! Converts a JSON Schema (draft 2020-12, and the `definitions` of older drafts) to types.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::model::{Declaration, Field, Kind, Names, union};
use crate::author::template::type_name;

/// Keywords that would change the type, but are not supported.
const NOT_READ: [&str; 6] = ["allOf", "if", "not", "dependentSchemas", "$dynamicRef", "patternProperties"];

/// The declarations of a whole schema. The root has the name `root` and comes last, after the types that it uses.
pub fn declarations(schema: &Value, root: &str, about: String, names: &mut Names) -> Vec<Declaration> {
    let mut reader = Reader { root, definitions: BTreeMap::new(), names, written: Vec::new() };
    let definitions = definitions(schema);
    for (pointer, name) in definitions.iter().map(|(pointer, name, _)| (pointer, name)) {
        let name = reader.names.unique(&(root.to_owned() + &type_name(name)));
        reader.definitions.insert(pointer.clone(), name);
    }
    for (pointer, _, definition) in &definitions {
        let name = reader.definitions.get(pointer).cloned().unwrap_or_default();
        reader.declare(name, comment(definition), definition);
    }
    let mut said = vec![about];
    said.extend(comment(schema));
    reader.declare(root.to_owned(), said, schema);
    reader.written
}

/// The `$defs` of the root, as pointer, name and schema.
fn definitions(schema: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for keyword in ["$defs", "definitions"] {
        for (name, definition) in schema[keyword].as_object().into_iter().flatten() {
            found.push((format!("#/{keyword}/{name}"), name.clone(), definition.clone()));
        }
    }
    found
}

/// Where the type of an object with fields is declared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Declared {
    /// The reader declares it, under a unique name.
    Here,
    /// The caller declares it under the given name.
    ByCaller,
}

struct Reader<'n> {
    root: &'n str,
    /// Maps the pointer of a definition to the name of its type.
    definitions: BTreeMap<String, String>,
    names: &'n mut Names,
    written: Vec<Declaration>,
}

impl Reader<'_> {
    fn declare(&mut self, name: String, mut comment: Vec<String>, schema: &Value) {
        let kind = self.read(schema, &name, &mut comment, Declared::ByCaller);
        self.written.push(Declaration { name, comment, kind });
    }

    /// The type of a schema. Unsupported parts are noted in `comment`.
    fn read(&mut self, schema: &Value, name: &str, comment: &mut Vec<String>, declared: Declared) -> Kind {
        let schema = match schema {
            Value::Bool(true) => return Kind::Unknown,
            Value::Bool(false) => return Kind::Never,
            Value::Object(schema) => schema,
            _ => return unknown(comment, "a schema that is not an object"),
        };
        if let Some(pointer) = schema.get("$ref") {
            return self.reference(pointer, comment);
        }
        if let Some(value) = schema.get("const") {
            return literal(value, comment);
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return union(values.iter().map(|value| literal(value, comment)).collect());
        }
        // pydantic wraps a reference in an `allOf` with one item, to add keywords to it.
        if let Some([only]) = schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
            && !schema.contains_key("properties")
        {
            return self.read(only, name, comment, declared);
        }
        if let Some(keyword) = NOT_READ.into_iter().find(|keyword| schema.contains_key(*keyword)) {
            return unknown(comment, &format!("`{keyword}`"));
        }
        if let Some(choices) = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array) {
            if schema.contains_key("properties") {
                return unknown(comment, "a choice beside `properties`");
            }
            return self.choice(choices, name, comment);
        }
        match schema.get("type") {
            Some(Value::String(kind)) => self.typed(kind, schema, name, comment, declared),
            Some(Value::Array(kinds)) => {
                let kinds = kinds.iter().filter_map(Value::as_str);
                union(kinds.map(|kind| self.typed(kind, schema, name, comment, Declared::Here)).collect())
            }
            _ if schema.contains_key("properties") => self.typed("object", schema, name, comment, declared),
            // No type is given, so any value is allowed.
            _ => Kind::Unknown,
        }
    }

    fn reference(&mut self, pointer: &Value, comment: &mut Vec<String>) -> Kind {
        match pointer.as_str() {
            Some("#") => Kind::Named(self.root.to_owned()),
            Some(pointer) if self.definitions.contains_key(pointer) => Kind::Named(self.definitions[pointer].clone()),
            _ => unknown(comment, &format!("the reference {pointer}")),
        }
    }

    fn choice(&mut self, choices: &[Value], name: &str, comment: &mut Vec<String>) -> Kind {
        let mut kinds = Vec::new();
        for (at, choice) in choices.iter().enumerate() {
            let name = format!("{name}{}", choice_name(choice).unwrap_or_else(|| (at + 1).to_string()));
            kinds.push(self.read(choice, &name, comment, Declared::Here));
        }
        union(kinds)
    }

    fn typed(
        &mut self,
        kind: &str,
        schema: &Map<String, Value>,
        name: &str,
        comment: &mut Vec<String>,
        declared: Declared,
    ) -> Kind {
        match kind {
            "null" => Kind::Null,
            "boolean" => Kind::Boolean,
            "integer" => Kind::Integer,
            "number" => Kind::Number,
            "string" => Kind::String,
            "array" => self.array(schema, name, comment),
            "object" => self.object(schema, name, comment, declared),
            other => unknown(comment, &format!("the type {other:?}")),
        }
    }

    fn array(&mut self, schema: &Map<String, Value>, name: &str, comment: &mut Vec<String>) -> Kind {
        let Some(first) = schema.get("prefixItems").and_then(Value::as_array) else {
            let item = match schema.get("items") {
                Some(items) => self.read(items, &format!("{name}Item"), comment, Declared::Here),
                None => Kind::Unknown,
            };
            return Kind::List(Box::new(item));
        };
        // A tuple has a fixed length, in the form that these generators write. If further items are allowed, it
        // becomes a list of all item types.
        let mut kinds: Vec<_> = (1..)
            .zip(first)
            .map(|(at, item): (usize, _)| self.read(item, &format!("{name}Item{at}"), comment, Declared::Here))
            .collect();
        let length = |keyword: &str| schema.get(keyword).and_then(Value::as_u64);
        let closed = schema.get("items") == Some(&Value::Bool(false));
        let fixed = (closed || length("maxItems") == Some(first.len() as u64))
            && length("minItems") == Some(first.len() as u64);
        if fixed {
            return Kind::Tuple(kinds);
        }
        if !closed && let Some(rest) = schema.get("items") {
            kinds.push(self.read(rest, &format!("{name}Item"), comment, Declared::Here));
        } else if !closed && length("maxItems") != Some(first.len() as u64) {
            kinds.push(Kind::Unknown);
        }
        Kind::List(Box::new(union(kinds)))
    }

    fn object(
        &mut self,
        schema: &Map<String, Value>,
        name: &str,
        comment: &mut Vec<String>,
        declared: Declared,
    ) -> Kind {
        let further = schema.get("additionalProperties");
        let properties = schema.get("properties").and_then(Value::as_object).filter(|fields| !fields.is_empty());
        let Some(properties) = properties else {
            return match further {
                Some(Value::Bool(false)) => Kind::Map(Box::new(Kind::Never)),
                Some(further) => {
                    Kind::Map(Box::new(self.read(further, &format!("{name}Value"), comment, Declared::Here)))
                }
                None => Kind::Map(Box::new(Kind::Unknown)),
            };
        };
        // Remarks about the object itself belong to its declaration.
        let mut own = Vec::new();
        let own_name = match declared {
            Declared::ByCaller => name.to_owned(),
            Declared::Here => self.names.unique(name),
        };
        let required: HashSet<_> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let mut fields = Vec::new();
        for (field, kind) in properties {
            let mut said = self::comment(kind);
            let name = own_name.clone() + &type_name(field);
            let kind = self.read(kind, &name, &mut said, Declared::Here);
            fields.push(Field {
                name: field.clone(),
                comment: said,
                required: required.contains(field.as_str()),
                kind,
            });
        }
        if further.is_some_and(|further| *further != Value::Bool(false)) {
            own.push("Further fields are allowed.".to_owned());
        }
        if declared == Declared::ByCaller {
            comment.extend(own);
            return Kind::Object(fields);
        }
        let mut said = description(schema);
        said.extend(own);
        self.written.push(Declaration { name: own_name.clone(), comment: said, kind: Kind::Object(fields) });
        Kind::Named(own_name)
    }
}

fn literal(value: &Value, comment: &mut Vec<String>) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Object(_) | Value::Array(_) => unknown(comment, "a constant that is an object or a list"),
        // No language has a literal type for a fraction.
        Value::Number(number) if number.is_f64() => Kind::Number,
        value => Kind::Literal(value.clone()),
    }
}

/// The name of one object in a union: its title, or otherwise the value or key that distinguishes it.
fn choice_name(choice: &Value) -> Option<String> {
    let title = choice["title"].as_str();
    let properties = choice["properties"].as_object();
    let tag = properties.and_then(|fields| fields.values().find_map(|field| field["const"].as_str()));
    let key = properties.filter(|fields| fields.len() == 1).and_then(|fields| fields.keys().next()).map(String::as_str);
    title.or(tag).or(key).map(type_name).filter(|name| !name.is_empty())
}

fn unknown(comment: &mut Vec<String>, what: &str) -> Kind {
    let remark = format!("The schema has {what} here, which is not translated: see `toril plugin inspect`.");
    if !comment.contains(&remark) {
        comment.push(remark);
    }
    Kind::Unknown
}

fn comment(schema: &Value) -> Vec<String> {
    schema.as_object().map(description).unwrap_or_default()
}

fn description(schema: &Map<String, Value>) -> Vec<String> {
    let said = schema.get("description").and_then(Value::as_str);
    said.into_iter().flat_map(str::lines).map(|line| line.trim_end().to_owned()).collect()
}
