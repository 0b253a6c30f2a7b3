//! A JSON pointer (RFC 6901).

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// Points to one value of a JSON document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(String);

/// Why a text is not a JSON pointer. The message follows the name of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// The first character is not `/`.
    #[error("must begin with `/`, or be empty")]
    NoSlash,
    /// A `~` that is not part of a valid escape.
    #[error("has a `~` that is not followed by 0 or 1")]
    Tilde,
}

impl Pointer {
    /// The value that the pointer refers to. None: the document has no such value.
    pub fn of<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        document.pointer(&self.0)
    }
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        if !text.is_empty() && !text.starts_with('/') {
            return Err(PointerError::NoSlash);
        }
        match text.split('~').skip(1).all(|after| after.starts_with(['0', '1'])) {
            true => Ok(Self(text.to_owned())),
            false => Err(PointerError::Tilde),
        }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pointer_leads_to_a_value_or_to_none() {
        let document = json!({ "a/b": [{ "~": 7 }] });
        for (pointer, value) in
            [("", Some(&document)), ("/a~1b/0/~0", Some(&json!(7))), ("/a", None), ("/a~1b/1", None)]
        {
            assert_eq!(pointer.parse::<Pointer>().expect("a pointer").of(&document), value, "{pointer}");
        }
    }

    #[test]
    fn an_invalid_pointer_is_refused() {
        for (text, error) in [("a", PointerError::NoSlash), ("/a~", PointerError::Tilde), ("/a~2", PointerError::Tilde)]
        {
            assert_eq!(text.parse::<Pointer>(), Err(error), "{text}");
        }
    }
}
