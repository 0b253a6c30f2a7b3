//! GitHub's own description of its API (`@octokit/openapi`), as JSON Schemas.

use std::fs;

use serde_json::{Value, json};

use crate::paths;

/// The description of api.github.com.
#[derive(Debug)]
pub struct Description(Value);

impl Description {
    /// Reads it from the package, which `cargo xtask setup --tests` installs.
    pub fn read() -> Self {
        let path = paths::github().join("node_modules/@octokit/openapi/generated/api.github.com.json");
        let text = fs::read(&path);
        let text = text.unwrap_or_else(|error| {
            panic!("there is no {} ({error}): run `cargo xtask setup --tests`", path.display())
        });
        let document = serde_json::from_slice(&text);
        Self(document.unwrap_or_else(|error| panic!("{} is no JSON: {error}", path.display())))
    }

    /// The schema of what a `GET` of a path, such as `/repos/{owner}/{repo}`, answers with a status. It contains all schemas
    /// that it names.
    pub fn answer(&self, path: &str, status: u16) -> Value {
        let answers = &self.0["paths"][path]["get"]["responses"];
        let mut answer = &answers[status.to_string()];
        if let Some(reference) = answer["$ref"].as_str() {
            answer = self.0.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
        }
        let schema = &answer["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "GitHub describes no answer {status} of {path}");
        self.with_all(schema)
    }

    /// The same of what GitHub sends to a webhook for an event, such as `push`.
    pub fn event(&self, event: &str) -> Value {
        let schema = &self.0["x-webhooks"][event]["post"]["requestBody"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "GitHub describes no event {event}");
        self.with_all(schema)
    }

    /// A schema with all those that it may name.
    fn with_all(&self, schema: &Value) -> Value {
        let mut whole = json!({ "allOf": [schema], "components": { "schemas": self.0["components"]["schemas"] } });
        nullable_by_type(&mut whole);
        whole
    }

    /// The names of the parameters in the query of such a request.
    pub fn parameters(&self, path: &str) -> Vec<String> {
        let parameters = self.0["paths"][path]["get"]["parameters"].as_array().into_iter().flatten();
        let resolved = parameters.filter_map(|parameter| match parameter["$ref"].as_str() {
            Some(reference) => self.0.pointer(reference.trim_start_matches('#')),
            None => Some(parameter),
        });
        let in_query = resolved.filter(|parameter| parameter["in"] == "query");
        in_query.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
    }
}

/// OpenAPI 3.0 says `nullable`, which JSON Schema does not know.
fn nullable_by_type(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(nullable_by_type);
            if object.get("nullable") == Some(&Value::Bool(true)) {
                object.remove("nullable");
                let itself = Value::Object(std::mem::take(object));
                object.insert("anyOf".to_owned(), json!([itself, { "type": "null" }]));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(nullable_by_type),
        _ => {}
    }
}
