//! The input of a job named `send`: a command that sends a message.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Command, Content};

/// A command whose `command` is always `send` and may be omitted.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Send(pub Command);

/// The schema of a command without the field `command`, and with a required `message`.
impl JsonSchema for Send {
    fn schema_name() -> Cow<'static, str> {
        "Send".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Command::json_schema(generator);
        let mut message = generator.subschema_for::<Content>();
        message.insert("description".to_owned(), "What to tell the agent, as a text or as a list of parts.".into());
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            properties.shift_remove("command");
            properties.insert("message".to_owned(), message.to_value());
            for property in properties.values_mut() {
                without_for_send(property);
            }
        }
        schema.insert("required".to_owned(), json!(["message"]));
        schema.insert("description".to_owned(), "A message for an agent.".into());
        schema
    }
}

/// Removes the prefix "For `send`: " from descriptions, since here it applies to every field.
fn without_for_send(property: &mut Value) {
    let Some(Value::String(description)) = property.get_mut("description") else { return };
    if let Some(rest) = description.strip_prefix("For `send`: ") {
        let rest = rest.split(" For every\nother command: ").next().unwrap_or(rest);
        let mut letters = rest.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        *description = first.into_iter().chain(letters).collect();
    }
}

#[cfg(test)]
mod tests {
    use schemars::schema_for;

    use super::*;

    #[test]
    fn a_send_needs_a_message_and_has_no_other_command() {
        let schema = schema_for!(Send).to_value();
        assert_eq!(schema["required"], json!(["message"]));
        assert!(schema["properties"].get("command").is_none());
        assert_eq!(schema["properties"]["message"]["$ref"], "#/$defs/Content");
        let task = schema["properties"]["taskId"]["description"].as_str().unwrap_or_default();
        assert!(task.starts_with("The task that the message is for") && !task.contains("other command"), "{task}");
    }

    #[test]
    fn a_stored_send_can_be_read_again() {
        let Send(command) = serde_json::from_value(json!({ "message": "hi" })).expect("it is one");
        assert_eq!(json!(command), json!({ "message": "hi" }));
    }
}
