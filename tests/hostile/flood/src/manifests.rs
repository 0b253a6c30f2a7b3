//! What it says of itself, when it is asked to say something hostile.

use serde_json::{Value, json};
use toril_plugin::schemars::Schema;
use toril_plugin::{JobType, Manifest};

/// Kinds of job, where there are many.
const MANY: usize = 20_000;

pub fn described(how: &str) -> Manifest {
    let described = |jobs| Manifest { description: "Floods the host.".into(), jobs };
    match how {
        "orders" => Manifest { description: format!("before{}after", super::ORDERS), jobs: Vec::new() },
        "many" => described((0..MANY).map(|n| job(format!("job-{n}"), None)).collect()),
        "itself" => {
            described(vec![job("any".into(), Some(json!({ "allOf": [{ "$ref": "#" }], "$ref": "#/allOf/0" })))])
        }
        "elsewhere" => described(vec![job("any".into(), Some(json!({ "$ref": "file:///etc/passwd" })))]),
        "pattern" => {
            let schema = json!({ "type": "string", "pattern": "^(?=a)(([a-z])+.)+[A-Z]([a-z])+$" });
            described(vec![job("any".into(), Some(schema))])
        }
        _ => described(Vec::new()),
    }
}

fn job(name: String, schema: Option<Value>) -> JobType {
    let data_schema = schema.and_then(|schema| Schema::try_from(schema).ok());
    JobType { name, description: String::new(), data_schema, result_schema: None }
}
