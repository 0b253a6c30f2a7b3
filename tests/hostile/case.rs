//! The cases: what is tried, what stops it, and what the user sees. One list makes the tests and the table in
//! `docs/security.md`, so that no row is without a test, and no test without a row.

/// One thing that a hostile plugin tries.
pub struct Case {
    /// In words.
    pub tries: &'static str,
    /// What stops it.
    pub bound: &'static str,
    /// What the user sees: the text itself, in which `…` stands for anything.
    pub seen: &'static str,
}

/// Declares the cases: each is a test of its name, and a row of the table.
macro_rules! cases {
    ($($name:ident => $test:path { $tries:literal, $bound:literal, $seen:literal })*) => {
        /// All of them, in the order of the table.
        const CASES: &[(&str, $crate::case::Case)] = &[
            $((stringify!($name), $crate::case::Case { tries: $tries, bound: $bound, seen: $seen }),)*
        ];

        $(
            #[tokio::test]
            async fn $name() {
                let case = CASES.iter().find(|(name, _)| *name == stringify!($name));
                $test(&case.expect("it is in the list").1).await;
            }
        )*
    };
}
pub(crate) use cases;

impl Case {
    /// Panics unless this is what the table says that the user sees.
    pub fn was_seen(&self, text: &str) {
        assert!(fits(self.seen, text), "the table says:\n{}\nseen was:\n{text}", self.seen);
    }
}

/// Whether a text is one that the pattern stands for.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        last = Some(part);
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    match last {
        // What the pattern ends with may also be found before the end.
        Some(part) => rest.is_empty() || part.is_empty() || rest.ends_with(part),
        None => rest.is_empty(),
    }
}

/// The table, in Markdown.
pub fn table(cases: &[(&str, Case)]) -> String {
    let mut table = "| the test | a plugin tries | what stops it | what the user sees |\n".to_owned();
    table += "| --- | --- | --- | --- |\n";
    for (name, Case { tries, bound, seen }) in cases {
        // What stands between backticks cannot hold any: it is shown in quotes.
        let seen = seen.replace('`', "'").replace('|', "\\|");
        table += &format!("| `{name}` | {tries} | {bound} | `{seen}` |\n");
    }
    table
}

#[test]
fn an_ellipsis_stands_for_anything() {
    assert!(fits("a … c", "a b c") && fits("a…", "a b c") && fits("…c", "a c b c") && fits("abc", "abc"));
    assert!(!fits("a … c", "a b c d") && !fits("a…", "b a") && !fits("abc", "abcd"));
}
