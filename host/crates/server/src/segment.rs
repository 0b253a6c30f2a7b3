//! Names as parts of a path. Browsers and HTTP clients take `.` and `..` for steps in the path, percent-encoded ones too,
//! so a queue or job of such a name has a `~` before it there, and so has a name that would be mistaken for that.

use std::borrow::Cow;

/// What stands in the path for a name. Not percent-encoded yet.
pub fn escape(name: &str) -> Cow<'_, str> {
    if is_step(name) { Cow::Owned(format!("~{name}")) } else { Cow::Borrowed(name) }
}

/// The variable parts of a path, as names.
pub trait Unescape {
    /// The names for which they stand.
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
