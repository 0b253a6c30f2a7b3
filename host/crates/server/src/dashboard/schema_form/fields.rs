//! Converts a JSON Schema to the fields of a form.

use std::cell::Cell;

use serde_json::{Map, Value};

/// The limit of nested objects. Deeper ones, including recursive schemas, are entered as JSON.
const DEEPEST: usize = 4;
/// The limit of fields in one form. With references, a small schema can have billions of fields. Further ones are
/// entered as JSON.
const MOST_FIELDS: usize = 500;
/// The limit of references that lead to further references.
const MOST_REFERENCES: usize = 16;
/// A text field is larger if the schema allows more characters than this.
const LONG: u64 = 200;

/// A field, or a group of fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The position of its value in the document, as a JSON Pointer.
    pub pointer: String,
    /// The property's name.
    pub key: String,
    /// The schema's title, or the property's name.
    pub label: String,
    /// The schema's description.
    pub description: Option<String>,
    /// Whether the document must contain it.
    pub required: bool,
    /// The initial value.
    pub default: Option<Value>,
    pub kind: Kind,
}

/// How a value is entered.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Text {
        long: bool,
    },
    Number {
        integer: bool,
    },
    Boolean,
    /// One of these values.
    Choice(Vec<Value>),
    Object(Vec<Field>),
    Json,
}

/// The fields for the properties of a schema. None: it is not an object with properties, and is entered as JSON.
pub fn of_schema(schema: &Value) -> Option<Vec<Field>> {
    let (object, _) = plain(schema, schema)?;
    let form = Form { root: schema, room: Cell::new(MOST_FIELDS) };
    properties(&form, object, "", 0)
}

/// The schema of a form, and how many more fields the form may have.
struct Form<'a> {
    root: &'a Value,
    room: Cell<usize>,
}

fn properties(form: &Form<'_>, object: &Map<String, Value>, pointer: &str, depth: usize) -> Option<Vec<Field>> {
    let is_object = object.get("type").is_none_or(|kind| kind == "object");
    let known = object.get("properties")?.as_object()?;
    if !is_object || known.is_empty() || depth >= DEEPEST {
        return None;
    }
    // Fields cannot express these keywords.
    if ["oneOf", "anyOf", "allOf", "if", "patternProperties"].iter().any(|word| object.contains_key(*word)) {
        return None;
    }
    form.room.set(form.room.get().checked_sub(known.len())?);
    let required: Vec<&str> =
        object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let fields = known.iter().map(|(key, schema)| {
        let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        field(form, schema, key, pointer, required.contains(&key.as_str()), depth + 1)
    });
    Some(fields.collect())
}

fn field(form: &Form<'_>, schema: &Value, key: &str, pointer: String, required: bool, depth: usize) -> Field {
    let text = |object: &Map<String, Value>, name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    // Keywords beside a reference take precedence over those of its target.
    let own = schema.as_object();
    let found = plain(form.root, schema);
    let say = |name: &str| own.and_then(|own| text(own, name)).or_else(|| text(found?.0, name));
    let kind = match found {
        Some((object, _)) => kind(form, object, &pointer, depth),
        None => Kind::Json,
    };
    let default = own.and_then(|own| own.get("default")).or_else(|| found?.0.get("default"));
    Field {
        label: say("title").unwrap_or_else(|| key.to_owned()),
        description: say("description"),
        required: required && !found.is_some_and(|(_, nullable)| nullable),
        default: default.filter(|value| !value.is_null()).cloned(),
        key: key.to_owned(),
        pointer,
        kind,
    }
}

fn kind(form: &Form<'_>, object: &Map<String, Value>, pointer: &str, depth: usize) -> Kind {
    if let Some(choices) = object.get("enum").and_then(Value::as_array) {
        let choices: Vec<_> = choices.iter().filter(|value| !value.is_null()).cloned().collect();
        return if choices.iter().any(|value| value.is_array() || value.is_object()) {
            Kind::Json
        } else {
            Kind::Choice(choices)
        };
    }
    match type_of(object) {
        Some("string") => {
            let long = object.get("maxLength").and_then(Value::as_u64).is_some_and(|most| most > LONG);
            Kind::Text { long }
        }
        Some("integer") => Kind::Number { integer: true },
        Some("number") => Kind::Number { integer: false },
        Some("boolean") => Kind::Boolean,
        _ => properties(form, object, pointer, depth).map_or(Kind::Json, Kind::Object),
    }
}

/// The only type beside `null` that a schema allows.
fn type_of(object: &Map<String, Value>) -> Option<&str> {
    match object.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => {
            let mut kinds = kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null");
            kinds.next().filter(|_| kinds.next().is_none())
        }
        _ => None,
    }
}

/// Follows references and removes `null` from the schema. Returns the resulting object, and whether the schema
/// allowed `null`.
fn plain<'a>(root: &'a Value, schema: &'a Value) -> Option<(&'a Map<String, Value>, bool)> {
    let mut object = schema.as_object()?;
    let mut nullable = false;
    for _ in 0..MOST_REFERENCES {
        if let Some(reference) = object.get("$ref") {
            object = root.pointer(reference.as_str()?.strip_prefix('#')?)?.as_object()?;
            continue;
        }
        let one_of = ["anyOf", "oneOf"].iter().find_map(|word| object.get(*word)?.as_array());
        let Some([one, other]) = one_of.map(Vec::as_slice) else { break };
        let is_null = |schema: &Value| schema.get("type").is_some_and(|kind| kind == "null");
        object = match (is_null(one), is_null(other)) {
            (false, true) => one.as_object()?,
            (true, false) => other.as_object()?,
            _ => break,
        };
        nullable = true;
    }
    nullable |=
        object.get("type").and_then(Value::as_array).is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"));
    (!object.contains_key("$ref")).then_some((object, nullable))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_with_more_fields_than_a_form_has_room_for_is_written_as_json_in_part() {
        fn count(fields: &[Field]) -> usize {
            let below = |field: &Field| if let Kind::Object(fields) = &field.kind { count(fields) } else { 0 };
            fields.iter().map(|field| 1 + below(field)).sum()
        }
        let next = |n: usize| {
            let field = |name: usize| (name.to_string(), json!({ "$ref": format!("#/$defs/{n}") }));
            json!({ "type": "object", "properties": (0..100).map(field).collect::<Map<_, _>>() })
        };
        let mut schema = next(1);
        schema["$defs"] = json!({ "1": next(2), "2": next(3), "3": next(4), "4": next(5), "5": { "type": "string" } });
        let fields = of_schema(&schema).expect("a form");
        assert!((100..=MOST_FIELDS).contains(&count(&fields)), "{} fields", count(&fields));
    }

    #[test]
    fn each_type_has_its_field() {
        let schema = json!({
            "type": "object", "required": ["s", "o"],
            "properties": {
                "s": { "type": "string", "description": "d" }, "n": { "type": "number" }, "i": { "type": ["integer", "null"] },
                "b": { "type": "boolean", "default": true }, "e": { "enum": ["x", 1] }, "a": { "type": "array" },
                "o": { "$ref": "#/$defs/O" }, "p": { "anyOf": [{ "$ref": "#/$defs/O" }, { "type": "null" }] }
            },
            "$defs": { "O": { "type": "object", "properties": { "x/y": { "type": "string" } } } }
        });
        let fields = of_schema(&schema).expect("an object");
        let find = |key: &str| fields.iter().find(|field| field.key == key).expect("the field");
        assert_eq!(find("s").kind, Kind::Text { long: false });
        assert!(find("s").required && find("s").description.as_deref() == Some("d"));
        assert_eq!(
            (&find("n").kind, &find("i").kind),
            (&Kind::Number { integer: false }, &Kind::Number { integer: true })
        );
        assert_eq!(find("b").default, Some(json!(true)));
        assert_eq!(find("e").kind, Kind::Choice(vec![json!("x"), json!(1)]));
        assert_eq!(find("a").kind, Kind::Json);
        assert!(matches!(&find("o").kind, Kind::Object(fields) if fields[0].pointer == "/o/x~1y"));
        assert!(matches!(&find("p").kind, Kind::Object(_)) && !find("p").required);
    }

    #[test]
    fn a_schema_that_contains_itself_ends_as_json() {
        let schema = json!({ "$ref": "#/$defs/T", "$defs": { "T": { "type": "object", "properties": { "t": { "$ref": "#/$defs/T" } } } } });
        let mut fields = of_schema(&schema).expect("an object");
        for _ in 1..DEEPEST {
            let Kind::Object(within) = fields.remove(0).kind else { panic!("no object") };
            fields = within;
        }
        assert_eq!(fields[0].kind, Kind::Json);
        assert!(of_schema(&json!({ "$ref": "#" })).is_none());
    }

    #[test]
    fn a_schema_without_properties_has_no_fields() {
        for schema in [json!(true), json!({}), json!({ "type": "array" }), json!({ "oneOf": [{}, {}] })] {
            assert!(of_schema(&schema).is_none(), "{schema}");
        }
    }
}
