//! JSON Schema as tables: one for each job's data and result, then one for each named type.

use std::fmt::Write;

use anyhow::{Result, bail};
use serde_json::{Map, Value};

/// The reference of the jobs in the output of `toril plugin inspect --json`. Fails if two different types have the
/// same name.
pub fn jobs(jobs: &[Value]) -> Result<String> {
    let mut text = String::new();
    let mut types = Map::new();
    let mut listed: Vec<(&str, &Value)> = Vec::new();
    for job in jobs {
        let name = job["name"].as_str().unwrap_or_default();
        let _ = writeln!(text, "### Job `{name}`\n\n{}\n", job["description"].as_str().unwrap_or_default());
        for (what, title) in [("dataSchema", "data"), ("resultSchema", "result")] {
            let schema = &job[what];
            if schema.is_null() {
                let _ = writeln!(text, "Its {title} has no schema.\n");
                continue;
            }
            match listed.iter().find(|(_, known)| *known == schema) {
                Some((other, _)) => {
                    let _ = writeln!(text, "Its {title} is that of `{other}`.\n");
                }
                None => {
                    text.push_str(&properties(schema, title));
                    listed.push((name, schema));
                }
            }
            for (name, of) in schema["$defs"].as_object().into_iter().flatten() {
                if types.insert(name.clone(), of.clone()).is_some_and(|before| before != *of) {
                    bail!("two types are called {name} and differ: rename one of them");
                }
            }
        }
    }
    types.sort_keys();
    for (name, schema) in &types {
        let _ = writeln!(text, "### {name}\n\n{}\n", description(schema));
        text.push_str(&named(schema));
    }
    Ok(text)
}

/// A named type: an object, an enumeration of values, or a choice of types.
fn named(schema: &Value) -> String {
    if schema["properties"].is_object() {
        return properties(schema, "member");
    }
    let mut text = String::new();
    let choices = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    if let Some(choices) = choices {
        text.push_str("| one of | |\n| --- | --- |\n");
        for choice in choices {
            let value = choice.get("const").map_or_else(|| kind(choice), |value| format!("`{value}`"));
            let _ = writeln!(text, "| {value} | {} |", with_limits(choice));
        }
        text.push('\n');
    } else {
        let _ = writeln!(text, "{}\n", kind(schema));
    }
    text
}

/// The members of an object.
fn properties(schema: &Value, title: &str) -> String {
    let mut text = format!("| {title} | type | |\n| --- | --- | --- |\n");
    let required: Vec<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let needed = match (required.contains(&name.as_str()), title) {
            (false, _) => "",
            (true, "data") => ", required",
            (true, _) => ", always there",
        };
        let _ = writeln!(text, "| `{name}` | {}{needed} | {} |", kind(property), with_limits(property));
    }
    text.push('\n');
    text
}

/// The type of a value, in words. Optional values may also be null, which the text does not mention.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or_default();
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(choices) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        let kinds: Vec<_> = choices.iter().filter(|choice| choice["type"] != "null").map(kind).collect();
        return kinds.join(" or ");
    }
    let types: Vec<_> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect(),
        Value::String(name) => vec![name.as_str()],
        _ => return "any JSON".to_owned(),
    };
    let words = types.iter().map(|name| match *name {
        "array" => format!("list of {}", kind(&schema["items"])),
        "integer" => "whole number".to_owned(),
        other => other.to_owned(),
    });
    words.collect::<Vec<_>>().join(" or ")
}

/// The description on one line, then the default and the limits.
fn with_limits(schema: &Value) -> String {
    let mut words = vec![description(schema)];
    if let Some(default) =
        schema.get("default").filter(|default| !default.is_null() && **default != Value::Array(vec![]))
    {
        words.push(format!("Default: `{default}`."));
    }
    let range = |least: &str, most: &str, unit: &str| match (schema[least].as_u64(), schema[most].as_u64()) {
        (Some(least), Some(most)) => Some(format!("From {} to {}{unit}.", grouped(least), grouped(most))),
        (Some(least), None) if least > 0 => Some(format!("At least {}{unit}.", grouped(least))),
        (None, Some(most)) => Some(format!("At most {}{unit}.", grouped(most))),
        _ => None,
    };
    words.extend(range("minLength", "maxLength", " characters"));
    words.extend(range("minItems", "maxItems", " of them"));
    words.extend(range("minimum", "maximum", ""));
    words.extend(schema["pattern"].as_str().map(|pattern| format!("Matches `{}`.", pattern.replace('|', "\\|"))));
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

fn description(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// A number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_is_listed_with_its_types_and_equal_data_only_once() -> Result<()> {
        let data = json!({
            "properties": {
                "text": { "type": ["string", "null"], "description": "What\nto say.", "minLength": 1, "maxLength": 1000 },
                "kind": { "anyOf": [{ "$ref": "#/$defs/Kind" }, { "type": "null" }], "default": "a" },
                "list": { "type": "array", "items": { "type": "integer" } },
            },
            "required": ["list"],
            "$defs": { "Kind": { "description": "Which.", "oneOf": [{ "const": "a", "description": "The first." }] } },
        });
        let job = |name: &str| json!({ "name": name, "description": "Does it.", "dataSchema": data });
        let text = jobs(&[job("one"), job("two")])?;
        for line in [
            "### Job `one`",
            "| `text` | string | What to say. From 1 to 1,000 characters. |",
            "| `kind` | [Kind](#kind) | Default: `\"a\"`. |",
            "| `list` | list of whole number, required |  |",
            "Its data is that of `one`.",
            "Its result has no schema.",
            "### Kind",
            "| `\"a\"` | The first. |",
        ] {
            assert!(text.lines().any(|found| found == line), "{line:?} is not in\n{text}");
        }
        Ok(())
    }

    #[test]
    fn two_different_types_of_one_name_are_an_error() {
        let job = |of: Value| json!({ "name": "x", "dataSchema": { "$defs": { "Kind": of } } });
        assert!(jobs(&[job(json!({ "type": "string" })), job(json!({ "type": "object" }))]).is_err());
    }
}
