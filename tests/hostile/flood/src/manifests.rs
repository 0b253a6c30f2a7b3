//! The plugin's description of itself, which can be hostile.

use serde_json::{Value, json};
use toril_plugin::schemars::Schema;
use toril_plugin::{JobType, Manifest};

/// The number of kinds of job, if there are many.
const MANY: usize = 20_000;

pub fn described(how: &str) -> Manifest {
    let described = |jobs| Manifest { description: "Floods the host.".into(), jobs };
    match how {
        "orders" => Manifest { description: format!("before{}after", super::ORDERS), jobs: Vec::new() },
        "many" => described((0..MANY).map(|n| job(format!("job-{n}"), None)).collect()),
        "itself" => {
            described(vec![job("any".into(), Some(json!({ "allOf": [{ "$ref": "#" }], "$ref": "#/allOf/0" })))])
        }
        "doubling" => described(vec![job("any".into(), Some(doubling()))]),
        "chain" => described(vec![job("any".into(), Some(chain()))]),
        "unevaluated" => {
            let Value::Object(mut schema) = doubling() else { return described(Vec::new()) };
            schema.insert("unevaluatedProperties".into(), json!(false));
            described(vec![job("any".into(), Some(Value::Object(schema)))])
        }
        "every-item" => {
            let all = vec![json!({ "minimum": 0 }); 70_000];
            described(vec![job("any".into(), Some(json!({ "items": { "allOf": all } })))])
        }
        "patterns" => {
            let patterns: serde_json::Map<_, _> =
                (0..5_000).map(|n| (format!("{}x{n}", "\\p{L}{20}".repeat(17)), json!(true))).collect();
            described(vec![job("any".into(), Some(json!({ "patternProperties": patterns })))])
        }
        "elsewhere" => described(vec![job("any".into(), Some(json!({ "$ref": "file:///etc/passwd" })))]),
        "pattern" => {
            let schema = json!({ "type": "string", "pattern": "^(?=a)(([a-z])+.)+[A-Z]([a-z])+$" });
            described(vec![job("any".into(), Some(schema))])
        }
        _ => described(Vec::new()),
    }
}

/// Each definition contains the next one twice, so that the expanded schema is enormous.
fn doubling() -> Value {
    let step = |n: usize| {
        let next = json!({ "$ref": format!("#/$defs/{}", n + 1) });
        (n.to_string(), json!({ "allOf": [next.clone(), next] }))
    };
    let mut definitions: serde_json::Map<_, _> = (0..60).map(step).collect();
    definitions.insert("60".into(), json!({ "minimum": 0 }));
    json!({ "$ref": "#/$defs/0", "$defs": definitions })
}

/// Each definition is the next one. Following them recursively needs a long stack.
fn chain() -> Value {
    let step = |n: usize| (n.to_string(), json!({ "$ref": format!("#/$defs/{}", n + 1) }));
    let mut definitions: serde_json::Map<_, _> = (0..20_000).map(step).collect();
    definitions.insert("20000".into(), json!({ "type": "number" }));
    json!({ "$ref": "#/$defs/0", "$defs": definitions })
}

fn job(name: String, schema: Option<Value>) -> JobType {
    let data_schema = schema.and_then(|schema| Schema::try_from(schema).ok());
    JobType { name, description: String::new(), data_schema, result_schema: None }
}
