//! Names as path segments. Browsers and HTTP clients interpret `.` and `..` as path steps, even percent-encoded ones.
//! The path of a queue or job with such a name therefore gets the prefix `~`. So does a name that already looks like
//! one with that prefix.

use std::borrow::Cow;

/// The path segment for a name, not percent-encoded yet.
pub fn escape(name: &str) -> Cow<'_, str> {
    if is_step(name) { Cow::Owned(format!("~{name}")) } else { Cow::Borrowed(name) }
}

/// Path segments that can be converted back to names.
pub trait Unescape {
    /// The names that the segments stand for.
    fn unescape(self) -> Self;
}

impl Unescape for String {
    fn unescape(self) -> Self {
        match self.strip_prefix('~') {
            Some(name) if is_step(name) => name.to_owned(),
            _ => self,
        }
    }
}

impl Unescape for (String, String) {
    fn unescape(self) -> Self {
        (self.0.unescape(), self.1.unescape())
    }
}

fn is_step(name: &str) -> bool {
    matches!(name.trim_start_matches('~'), "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_another_name_and_everything_else_its_own() {
        for (name, escaped) in [(".", "~."), ("..", "~.."), ("~.", "~~."), ("~", "~"), ("...", "..."), ("~a", "~a")] {
            assert_eq!(escape(name), escaped);
            assert_eq!(escaped.to_owned().unescape(), name);
        }
    }
}
