//! The cases: the attack, its limit, and the message for the user. The tests and the table in `docs/security.md` come
//! from one list, so that every row has a test and every test has a row.

/// One attack of a hostile plugin.
pub struct Case {
    /// The attack.
    pub tries: &'static str,
    /// The limit that stops it.
    pub bound: &'static str,
    /// The message for the user, in which `…` matches any text.
    pub seen: &'static str,
}

/// Declares the cases: each becomes a test with its name, and a row of the table.
macro_rules! cases {
    ($($name:ident => $test:path { $tries:literal, $bound:literal, $seen:literal })*) => {
        /// The cases of this list, in the order of the table.
        pub const CASES: &[(&str, $crate::case::Case)] = &[
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
    /// Panics unless the text matches the user's message in the table.
    pub fn was_seen(&self, text: &str) {
        assert!(fits(self.seen, text), "the table says:\n{}\nseen was:\n{text}", self.seen);
    }
}

/// Whether a text matches the pattern.
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
        // The last part may also occur before the end.
        Some(part) => rest.is_empty() || part.is_empty() || rest.ends_with(part),
        None => rest.is_empty(),
    }
}

/// The table of these lists, in Markdown.
pub fn table(lists: &[&[(&str, Case)]]) -> String {
    let mut table = "| the test | a plugin tries | what stops it | what the user sees |\n".to_owned();
    table += "| --- | --- | --- | --- |\n";
    for (name, Case { tries, bound, seen }) in lists.iter().copied().flatten() {
        // Text between backticks cannot contain backticks, so they become quotes.
        let seen = seen.replace('`', "'").replace('|', "\\|");
        table += &format!("| `{name}` | {tries} | {bound} | `{seen}` |\n");
    }
    table
}

#[test]
fn an_ellipsis_matches_any_text() {
    assert!(fits("a … c", "a b c") && fits("a…", "a b c") && fits("…c", "a c b c") && fits("abc", "abc"));
    assert!(!fits("a … c", "a b c d") && !fits("a…", "b a") && !fits("abc", "abcd"));
}
