//! Where the schemas in a document are, and what references in it lead to. Nothing is fetched: a reference leads to
//! something in the document or nowhere.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use url::Url;

/// The address of a document that has no `$id`.
const BASE: &str = "json-schema:///";
/// The longest `$id`, and the longest reference to another one, in bytes. Each reference is resolved against an `$id`.
const LONGEST: usize = 2_000;

/// How the value of a keyword holds schemas.
pub enum Holds {
    /// It is one.
    Schema,
    /// It is a list of them.
    List,
    /// It has them by name.
    Named,
}

/// How a keyword holds schemas, if it does.
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
        // `definitions` and `dependencies` are of earlier drafts. This one still allows them.
        "$defs" | "definitions" | "dependencies" | "dependentSchemas" | "patternProperties" | "properties" => {
            Some(Holds::Named)
        }
        _ => None,
    }
}

/// A schema with an `$id`, and the document as a whole.
struct Resource<'d> {
    /// Its address, without a fragment.
    address: Url,
    root: &'d Value,
    anchors: HashMap<&'d str, &'d Value>,
    dynamic: HashMap<&'d str, &'d Value>,
}

/// A document.
pub struct Document<'d> {
    resources: Vec<Resource<'d>>,
    by_address: HashMap<String, usize>,
    /// The resource of each schema, by the schema's place in memory.
    homes: HashMap<*const Value, usize>,
}

/// What a reference leads to.
pub struct Target<'d> {
    /// The schema.
    pub schema: &'d Value,
    /// The resource that it is in.
    pub resource: usize,
    /// The anchor by which it was found, if that is a dynamic one.
    pub dynamic: Option<&'d str>,
}

impl<'d> Document<'d> {
    /// Looks through a document. The error is for the author of the schema.
    pub fn new(root: &'d Value) -> Result<Self, String> {
        let address = Url::parse(BASE).map_err(|error| error.to_string())?;
        let mut document = Self { resources: Vec::new(), by_address: HashMap::new(), homes: HashMap::new() };
        document.add_resource(address, root);
        document.visit(root, 0)?;
        Ok(document)
    }

    /// The resource that a schema is in, where that is known.
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

    /// Goes through a schema and all that are in it. The parser of the text has bounded how deep they are.
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
                // What is wrong with it is reported where it is compiled.
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
            // Each `$id` within others can be longer than the one around it.
            Ok(joined) if joined.as_str().len() > LONGEST => {
                Err(format!("the address {} is longer than {LONGEST} bytes", quoted(joined.as_str())))
            }
            Ok(joined) => Ok(joined),
            Err(error) => Err(format!("the reference {} is not valid: {error}", quoted(reference))),
        }
    }

    /// What a reference in a schema of this resource leads to.
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

    /// Follows a JSON Pointer without its first slash.
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

/// A part of a schema for an error message.
pub fn quoted(text: &str) -> String {
    let short: String = text.chars().take(200).collect();
    if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
}
