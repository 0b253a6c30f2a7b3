//! Converts the input of a form to a document.

use serde_json::{Map, Number, Value};

use super::fields::{Field, Kind};
use super::{Errors, name};
use crate::dashboard::form::Form;
use toril_schema::DataProblem;

/// The document. Values that are not valid are reported in `errors` and omitted.
pub fn read(fields: &[Field], form: &Form, errors: &mut Errors) -> Value {
    Value::Object(object(fields, form, errors))
}

fn object(fields: &[Field], form: &Form, errors: &mut Errors) -> Map<String, Value> {
    let mut document = Map::new();
    for field in fields {
        match value(field, form, errors) {
            Ok(Some(value)) => {
                document.insert(field.key.clone(), value);
            }
            Ok(None) => {}
            Err(wrong) => errors.entry(field.pointer.clone()).or_default().push(wrong),
        }
    }
    document
}

fn value(field: &Field, form: &Form, errors: &mut Errors) -> Result<Option<Value>, String> {
    let sent = form.get(&name(&field.pointer)).unwrap_or_default();
    let text = sent.trim();
    match &field.kind {
        // An optional object without any input is omitted.
        Kind::Object(fields) if !field.required && is_blank(fields, form) => return Ok(None),
        Kind::Object(fields) => return Ok(Some(Value::Object(object(fields, form, errors)))),
        // An empty text counts as a value if the field is required.
        Kind::Text { .. } if field.required || !sent.is_empty() => {
            return Ok(Some(Value::from(sent.replace("\r\n", "\n"))));
        }
        _ if text.is_empty() => return Ok(None),
        _ => {}
    }
    match &field.kind {
        Kind::Number { integer: true } => {
            let number = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
            number.map(|number| Some(Value::Number(number))).map_err(|_| "this is not a whole number".to_owned())
        }
        Kind::Number { integer: false } => {
            let whole = text.parse::<i64>().ok().map(Number::from);
            let number = whole.or_else(|| text.parse().ok().and_then(Number::from_f64));
            number.map(|number| Some(Value::Number(number))).ok_or_else(|| "this is not a number".to_owned())
        }
        Kind::Boolean => match text {
            "true" => Ok(Some(Value::Bool(true))),
            "false" => Ok(Some(Value::Bool(false))),
            _ => Err("this is neither yes nor no".to_owned()),
        },
        Kind::Choice(choices) => {
            let chosen = text.parse::<usize>().ok().and_then(|place| choices.get(place));
            chosen.map(|chosen| Some(chosen.clone())).ok_or_else(|| "this is none of the choices".to_owned())
        }
        Kind::Json => serde_json::from_str(text).map(Some).map_err(|error| format!("this is not JSON: {error}")),
        Kind::Text { .. } | Kind::Object(_) => Ok(None),
    }
}

/// Whether all fields are empty.
fn is_blank(fields: &[Field], form: &Form) -> bool {
    fields.iter().all(|field| match &field.kind {
        Kind::Object(within) => is_blank(within, form),
        _ => form.text(&name(&field.pointer)).is_none(),
    })
}

/// Assigns each schema violation to the closest existing field.
pub fn at_fields(fields: &[Field], problems: Vec<DataProblem>, errors: &mut Errors) {
    for problem in problems {
        let mut pointer = problem.field.as_str();
        while !pointer.is_empty() && !has(fields, pointer) {
            pointer = pointer.rsplit_once('/').map_or("", |(above, _)| above);
        }
        // If the field already has an error, its value was omitted, so a violation there is only a consequence.
        if errors.get(pointer).is_none_or(Vec::is_empty) || problem.field.is_empty() {
            let message = match pointer == problem.field {
                true => problem.message,
                false => format!("{}: {}", problem.field, problem.message),
            };
            errors.entry(pointer.to_owned()).or_default().push(message);
        }
    }
}

fn has(fields: &[Field], pointer: &str) -> bool {
    fields
        .iter()
        .any(|field| field.pointer == pointer || matches!(&field.kind, Kind::Object(within) if has(within, pointer)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::of_schema;
    use super::*;

    fn fields() -> Vec<Field> {
        let schema = json!({ "type": "object", "required": ["s"], "properties": {
            "s": { "type": "string" }, "n": { "type": "number" }, "i": { "type": "integer" }, "b": { "type": "boolean" },
            "e": { "enum": ["x", 7] }, "j": { "type": "array" },
            "o": { "type": "object", "required": ["t"], "properties": { "t": { "type": "string" } } }
        } });
        of_schema(&schema).expect("an object")
    }

    #[test]
    fn what_is_sent_becomes_a_document_of_the_schemas_types() {
        let mut errors = Errors::new();
        let form = Form::from([
            ("data/s", "a\r\nb"),
            ("data/n", "1.5"),
            ("data/i", "-3"),
            ("data/b", "false"),
            ("data/e", "1"),
            ("data/j", "[1]"),
            ("data/o/t", "x"),
        ]);
        let document = read(&fields(), &form, &mut errors);
        assert_eq!(
            document,
            json!({ "s": "a\nb", "n": 1.5, "i": -3, "b": false, "e": 7, "j": [1], "o": { "t": "x" } })
        );
        assert!(errors.is_empty());
    }

    #[test]
    fn what_is_left_empty_is_not_there() {
        let mut errors = Errors::new();
        assert_eq!(read(&fields(), &Form::from([("data/n", " "), ("data/o/t", "")]), &mut errors), json!({ "s": "" }));
        assert!(errors.is_empty());
    }

    #[test]
    fn an_error_is_reported_at_its_field() {
        let mut errors = Errors::new();
        read(&fields(), &Form::from([("data/n", "x"), ("data/i", "1.5"), ("data/j", "[")]), &mut errors);
        assert_eq!(errors.keys().collect::<Vec<_>>(), ["/i", "/j", "/n"]);
        let problem = |field: &str| DataProblem { field: field.into(), message: "m".into() };
        let mut errors = Errors::new();
        at_fields(&fields(), vec![problem("/o/t"), problem("/j/0"), problem("")], &mut errors);
        assert_eq!(errors["/j"], ["/j/0: m"]);
        assert_eq!(errors.keys().collect::<Vec<_>>(), ["", "/j", "/o/t"]);
    }
}
