//! Finds the schemas in a document and resolves the references between them. Nothing is fetched: a reference resolves
//! within the document or not at all.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use url::Url;

/// The base URI of a document that has no `$id`.
const BASE: &str = "json-schema:///";
/// Maximum length of an `$id` and of a reference to another one, in bytes. Each reference is resolved against an `$id`.
const LONGEST: usize = 2_000;

/// How a keyword's value contains schemas.
pub enum Holds {
    /// The value is a schema.
    Schema,
    /// The value is a list of schemas.
    List,
    /// The value maps names to schemas.
    Named,
}

/// How this keyword contains schemas. `None` if it contains none.
pub fn holds(keyword: &str) -> Option<Holds> {
    match keyword {
        "additionalProperties"
        | "contains"
        | "contentSchema"
        | "else"
        | "if"
        | "items"
        | "not"
        | "propertyNames"
        | "then"
        | "unevaluatedItems"
        | "unevaluatedProperties" => Some(Holds::Schema),
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Some(Holds::List),
        // `definitions` and `dependencies` come from earlier drafts. This draft still allows them.
        "$defs" | "definitions" | "dependencies" | "dependentSchemas" | "patternProperties" | "properties" => {
            Some(Holds::Named)
        }
        _ => None,
    }
}

/// A schema with an `$id`, or the document as a whole.
struct Resource<'d> {
    /// Its URI, without a fragment.
    address: Url,
    root: &'d Value,
    anchors: HashMap<&'d str, &'d Value>,
    dynamic: HashMap<&'d str, &'d Value>,
}

/// A document with its schema resources.
pub struct Document<'d> {
    resources: Vec<Resource<'d>>,
    by_address: HashMap<String, usize>,
    /// The resource of each schema, by the schema's memory address.
    homes: HashMap<*const Value, usize>,
}

/// The target of a reference.
pub struct Target<'d> {
    /// The schema.
    pub schema: &'d Value,
    /// The resource that contains it.
    pub resource: usize,
    /// The name of the anchor that led to it, if that is a dynamic anchor.
    pub dynamic: Option<&'d str>,
}

impl<'d> Document<'d> {
    /// Indexes a document. The error is meant for the schema's author.
    pub fn new(root: &'d Value) -> Result<Self, String> {
        let address = Url::parse(BASE).map_err(|error| error.to_string())?;
        let mut document = Self { resources: Vec::new(), by_address: HashMap::new(), homes: HashMap::new() };
        document.add_resource(address, root);
        document.visit(root, 0)?;
        Ok(document)
    }

    /// The resource that contains a schema, if known.
    pub fn home(&self, schema: &Value) -> Option<usize> {
        self.homes.get(&std::ptr::from_ref(schema)).copied()
    }

    /// All dynamic anchors: resource, name and schema.
    pub fn dynamic_anchors(&self) -> impl Iterator<Item = (usize, &'d str, &'d Value)> {
        self.resources
            .iter()
            .enumerate()
            .flat_map(|(number, resource)| resource.dynamic.iter().map(move |(name, schema)| (number, *name, *schema)))
    }

    fn add_resource(&mut self, address: Url, root: &'d Value) -> usize {
        let number = self.resources.len();
        self.by_address.insert(address.to_string(), number);
        self.resources.push(Resource { address, root, anchors: HashMap::new(), dynamic: HashMap::new() });
        number
    }

    /// Visits a schema and all schemas in it. The recursion is bounded, since the JSON parser limits the nesting depth.
    fn visit(&mut self, schema: &'d Value, around: usize) -> Result<(), String> {
        let Value::Object(keywords) = schema else {
            self.homes.insert(schema, around);
            return Ok(());
        };
        let resource = match text(keywords, "$id")? {
            Some(id) => {
                let address = self.join(around, id)?;
                if address.fragment().is_some_and(|fragment| !fragment.is_empty()) {
                    return Err(format!("the `$id` {} has a fragment", quoted(id)));
                }
                let address = without_fragment(address);
                match self.by_address.get(address.as_str()) {
                    Some(other) if !std::ptr::eq(self.resources[*other].root, schema) => {
                        return Err(format!("two schemas have the `$id` {}", quoted(id)));
                    }
                    _ => self.add_resource(address, schema),
                }
            }
            None => around,
        };
        self.homes.insert(schema, resource);
        for (keyword, dynamic) in [("$anchor", false), ("$dynamicAnchor", true)] {
            let Some(name) = text(keywords, keyword)? else { continue };
            let resource = &mut self.resources[resource];
            let known = resource.anchors.insert(name, schema);
            if known.is_some_and(|known| !std::ptr::eq(known, schema)) {
                return Err(format!("two schemas have the anchor {}", quoted(name)));
            }
            if dynamic {
                resource.dynamic.insert(name, schema);
            }
        }
        for (keyword, value) in keywords {
            match (holds(keyword), value) {
                (Some(Holds::Schema), _) => self.visit(value, resource)?,
                (Some(Holds::List), Value::Array(list)) => {
                    list.iter().try_for_each(|schema| self.visit(schema, resource))?;
                }
                (Some(Holds::Named), Value::Object(named)) => {
                    named.values().try_for_each(|schema| self.visit(schema, resource))?;
                }
                // Invalid values are reported when they are compiled.
                _ => {}
            }
        }
        Ok(())
    }

    fn join(&self, base: usize, reference: &str) -> Result<Url, String> {
        if reference.len() > LONGEST {
            return Err(format!("the reference {} is longer than {LONGEST} bytes", quoted(reference)));
        }
        let joined = self.resources[base].address.join(reference);
        match joined {
            // Each nested `$id` can make the URI longer than the enclosing one.
            Ok(joined) if joined.as_str().len() > LONGEST => {
                Err(format!("the address {} is longer than {LONGEST} bytes", quoted(joined.as_str())))
            }
            Ok(joined) => Ok(joined),
            Err(error) => Err(format!("the reference {} is not valid: {error}", quoted(reference))),
        }
    }

    /// Resolves a reference in a schema of this resource.
    pub fn resolve(&self, base: usize, reference: &str) -> Result<Target<'d>, String> {
        let (resource, fragment) = match reference.strip_prefix('#') {
            Some(fragment) => (base, fragment.to_owned()),
            None => {
                let address = self.join(base, reference)?;
                let fragment = address.fragment().unwrap_or_default().to_owned();
                let address = without_fragment(address);
                let resource = self.by_address.get(address.as_str()).ok_or_else(|| {
                    format!(
                        "it refers to {}, which is not in the schema, and nothing is fetched for one",
                        quoted(address.as_str())
                    )
                })?;
                (*resource, fragment)
            }
        };
        let nowhere = || format!("it refers to {}, and there is nothing", quoted(reference));
        let fragment = percent_decode_str(&fragment).decode_utf8().map_err(|_| nowhere())?;
        let root = self.resources[resource].root;
        if fragment.is_empty() {
            return Ok(Target { schema: root, resource, dynamic: None });
        }
        if let Some(pointer) = fragment.strip_prefix('/') {
            return self.follow(root, resource, pointer).ok_or_else(nowhere);
        }
        let resource_of_anchor = &self.resources[resource];
        let schema = resource_of_anchor.anchors.get(fragment.as_ref()).copied().ok_or_else(nowhere)?;
        let dynamic = resource_of_anchor.dynamic.get_key_value(fragment.as_ref()).map(|(name, _)| *name);
        Ok(Target { schema, resource, dynamic })
    }

    /// Follows a JSON Pointer that is given without its leading slash.
    fn follow(&self, root: &'d Value, resource: usize, pointer: &str) -> Option<Target<'d>> {
        let (mut schema, mut resource) = (root, resource);
        for token in pointer.split('/') {
            let token = token.replace("~1", "/").replace("~0", "~");
            schema = match schema {
                Value::Object(map) => map.get(&token)?,
                Value::Array(list) => list.get(token.parse::<usize>().ok()?)?,
                _ => return None,
            };
            resource = self.home(schema).unwrap_or(resource);
        }
        Some(Target { schema, resource, dynamic: None })
    }
}

fn text<'d>(keywords: &'d Map<String, Value>, keyword: &str) -> Result<Option<&'d str>, String> {
    match keywords.get(keyword) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`{keyword}` is no text")),
    }
}

fn without_fragment(mut address: Url) -> Url {
    address.set_fragment(None);
    address
}

/// Quotes and truncates a part of a schema for an error message.
pub fn quoted(text: &str) -> String {
    let short: String = text.chars().take(200).collect();
    if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
}
