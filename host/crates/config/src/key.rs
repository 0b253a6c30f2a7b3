//! Dotted keys, as messages show them: `queues.github-sync.timeout`.

/// The dotted key of `name` in the table `prefix`, quoted where TOML requires it.
pub(super) fn dotted(prefix: &str, name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let name = if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { format!("{name:?}") };
    if prefix.is_empty() { name } else { format!("{prefix}.{name}") }
}

/// The dotted key for `path`.
pub(super) fn join(path: &[&str]) -> String {
    path.iter().fold(String::new(), |key, name| dotted(&key, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dotted_key_is_quoted_where_toml_wants_it() {
        assert_eq!(join(&["queues", "github-sync"]), "queues.github-sync");
        assert_eq!(join(&["queues", "a.b", "timeout"]), "queues.\"a.b\".timeout");
        assert_eq!(join(&["queues", ""]), "queues.\"\"");
        assert_eq!(join(&[]), "");
    }
}
