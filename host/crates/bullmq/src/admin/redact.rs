//! Redaction: hides the values of fields whose names suggest a secret.

use serde_json::Value;

/// Replaces a hidden value.
const HIDDEN: &str = "[redacted]";

/// The names of the fields to redact.
#[derive(Clone, Debug)]
pub struct Redaction {
    /// In lower case, without `-`, `_` and blanks. `None`: nothing is hidden.
    words: Option<Vec<String>>,
}

impl Redaction {
    /// Hides every field whose name contains one of these words. It ignores case, `-`, `_` and blanks: `api_key`
    /// matches `X-API-Key` and `apiKey`.
    pub fn of(words: &[String]) -> Self {
        Self { words: Some(words.iter().map(|word| plain(word)).filter(|word| !word.is_empty()).collect()) }
    }

    /// Hides nothing.
    pub fn none() -> Self {
        Self { words: None }
    }

    /// The document with hidden values replaced, at any depth.
    pub fn apply(&self, value: Value) -> Value {
        match value {
            Value::Object(fields) => Value::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| {
                        let value = if self.hides(&name) { Value::from(HIDDEN) } else { self.apply(value) };
                        (name, value)
                    })
                    .collect(),
            ),
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.apply(item)).collect()),
            other => other,
        }
    }

    /// Redacts a stored field that should contain JSON. A text that is not JSON has no field names to check, so only
    /// its length is shown.
    pub fn document(&self, text: &str) -> Value {
        match serde_json::from_str(text) {
            Ok(value) => self.apply(value),
            Err(_) if self.words.is_none() => Value::from(text),
            Err(_) => Value::from(format!("[not JSON: {} bytes]", text.len())),
        }
    }

    fn hides(&self, name: &str) -> bool {
        let Some(words) = &self.words else { return false };
        let name = plain(name);
        words.iter().any(|word| name.contains(word.as_str()))
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn redaction() -> Redaction {
        Redaction::of(&["password".to_owned(), "api_key".to_owned()])
    }

    #[test]
    fn fields_are_hidden_at_any_depth_and_in_any_spelling() {
        let shown = redaction().apply(json!({
            "user": "a", "Password": "x", "deep": [{ "X-API-Key": { "a": 1 } }, { "apiKey": 1, "dbPassword": [2] }]
        }));
        assert_eq!(
            shown,
            json!({
                "user": "a", "Password": HIDDEN, "deep": [{ "X-API-Key": HIDDEN }, { "apiKey": HIDDEN, "dbPassword": HIDDEN }]
            })
        );
    }

    #[test]
    fn text_that_is_not_json_shows_only_its_length() {
        assert_eq!(redaction().document("password=x"), json!("[not JSON: 10 bytes]"));
        assert_eq!(Redaction::none().document("password=x"), json!("password=x"));
    }

    #[test]
    fn an_empty_word_hides_nothing() {
        assert_eq!(Redaction::of(&["-".to_owned()]).apply(json!({ "a": 1 })), json!({ "a": 1 }));
    }
}
