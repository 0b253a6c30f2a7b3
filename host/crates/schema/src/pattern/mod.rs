//! Regular expressions of JSON Schema (ECMA-262 with the `u` flag) with limits on compiled size and matching time.
//!
//! They only answer whether a text contains a match, so neither captures nor backtracking are needed: a search follows
//! all alternatives in parallel, character by character. Backreferences do not work that way and are refused.

mod class;
mod error;
mod parse;
mod program;
mod search;

pub use class::Room;
pub use error::PatternError;
pub use search::Search;

use class::Class;
use program::Program;

/// Maximum number of characters of an expression that an error quotes.
const QUOTED: usize = 100;

/// A compiled expression.
#[derive(Debug)]
pub struct Pattern {
    source: Box<str>,
    program: Program,
    classes: Box<[Class]>,
}

impl Pattern {
    /// Compiles an expression and takes its size from `room`.
    pub fn compile(source: &str, room: &mut Room) -> Result<Self, PatternError> {
        let (tree, classes) = parse::parse(source, room)?;
        let program = program::compile(&tree, room)?;
        Ok(Self { source: source.into(), program, classes: classes.into() })
    }

    /// The expression, quoted and truncated for an error message.
    pub fn quoted(&self) -> String {
        let mut text: String = self.source.chars().take(QUOTED).collect();
        if text.len() < self.source.len() {
            text.push('…');
        }
        format!("{text:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::budget::{Budget, Spent};
    use super::*;

    fn search(source: &str, text: &str) -> bool {
        let pattern =
            Pattern::compile(source, &mut Room::default()).unwrap_or_else(|error| panic!("{source}: {error}"));
        let mut budget = Budget::new(u64::from(u32::MAX));
        Search::new(&pattern).finish(text, &mut budget).expect("within the budget")
    }

    fn refused(source: &str) -> PatternError {
        Pattern::compile(source, &mut Room::default()).expect_err(source)
    }

    #[test]
    fn matches_are_found_as_in_ecma_262() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("", &["", "a"], &[]),
            ("^a*$", &["", "aaa"], &["b", "ab"]),
            ("b", &["abc"], &["ac", ""]),
            ("^(foo|ba[rz])+$", &["foobar", "baz"], &["", "fooba"]),
            ("^a{2,3}$", &["aa", "aaa"], &["a", "aaaa"]),
            ("^a{2,}$", &["aa", "aaaaa"], &["a"]),
            ("^a{2}?b??$", &["aa", "aab"], &["a"]),
            ("^(a*)*$", &["", "aaaa"], &["b"]),
            ("^[^\\d\\s]+$", &["ab_"], &["a1", "a b"]),
            ("^\\w\\W$", &["a-", "_ä"], &["ä-", "ab"]),
            ("^.$", &["a", "🐲"], &["\n", "\u{2028}", "ab"]),
            ("^\\s$", &[" ", "\u{feff}", "\u{a0}", "\u{b}"], &["a", "\u{180e}"]),
            ("^\\S$", &["a"], &[" "]),
            ("^\\p{Lu}\\P{L}$", &["Ä1"], &["ä1", "ÄA"]),
            ("^\\p{Script=Greek}+$", &["αβ"], &["ab"]),
            ("^[\\p{L}--]+$", &["ä-"], &["1"]),
            ("\\bfoo\\b", &["a foo b", "foo"], &["foob"]),
            ("o\\Bo", &["foo"], &["fo"]),
            ("^(?!.*\\.\\.)[a-z.]+$", &["a.b"], &["a..b"]),
            ("^(?=.*\\d)(?=.*[a-z]).{3,}$", &["ab1"], &["abc", "a1"]),
            ("(?<=€)\\d+", &["€12"], &["$12"]),
            ("(?<!ab)c", &["c", "xbc"], &["abc"]),
            ("(?<=a(?=bc)bc)d", &["abcd"], &["abd", "bcd"]),
            ("^(?<year>\\d{4})-(?:x|y)$", &["2026-x"], &["26-x"]),
            ("^\\u0041\\u{1F432}\\uD83D\\uDC32\\x42\\cJ\\0\\t\\/\\-$", &["A🐲🐲B\n\0\t/-"], &["A"]),
            ("^[\\b\\]^-]$", &["\u{8}", "]", "^", "-"], &["b"]),
            ("^[]$", &[], &["", "]"]),
            ("^[^]$", &["a", "\n"], &[""]),
            ("^a]}$", &["a]}"], &["a"]),
            ("^x{a}$", &["x{a}"], &["x"]),
        ];
        for (source, fits, others) in cases {
            for text in *fits {
                assert!(search(source, text), "{source} does not match {text:?}");
            }
            for text in *others {
                assert!(!search(source, text), "{source} matches {text:?}");
            }
        }
    }

    #[test]
    fn an_invalid_expression_is_refused_with_its_position() {
        for source in
            ["(", "a)", "[a", "*", "a**", "[b-a]", "a{2,1}", "\\", "\\a", "\\p{Nonsense}", "(?i)a", "\\u12", "(?<=a)*"]
        {
            assert!(matches!(refused(source), PatternError::Syntax { .. }), "{source}");
        }
        assert_eq!(refused("ab(").to_string(), "a group without its end at character 4");
        assert!(refused("(a)\\1").to_string().contains("backreference"));
        assert!(refused("(?<a>a)\\k<a>").to_string().contains("backreference"));
    }

    #[test]
    fn a_large_expression_is_refused_before_it_is_built() {
        for source in ["(?:(?:a{1000}){1000}){1000}", "(?:(?:){1000000000}){1000000000}"] {
            assert_eq!(refused(source), PatternError::TooLarge);
        }
        assert_eq!(refused(&"[\\p{L}]".repeat(100_000)), PatternError::TooLarge);
        assert_eq!(refused(&format!("[{}]", "\\p{L}".repeat(100_000))), PatternError::TooLarge);
        assert_eq!(refused(&"(".repeat(100_000)), PatternError::TooDeep);
    }

    #[test]
    fn all_expressions_share_one_room() {
        let mut room = Room::default();
        let compiled =
            (0..5_000).map_while(|n| Pattern::compile(&format!("{}x{n}", "\\p{L}{20}".repeat(17)), &mut room).ok());
        assert!((100..1_000).contains(&compiled.count()));
    }

    #[test]
    fn each_character_and_each_alternative_takes_a_step() {
        let source = format!("^(?:{})*$", vec!["(?:a|a)*b?"; 500].join(""));
        let pattern = Pattern::compile(&source, &mut Room::default()).expect("compiles");
        let text = "a".repeat(10_000) + "!";
        assert_eq!(Search::new(&pattern).finish(&text, &mut Budget::new(1_000_000)), Err(Spent));
        let ahead = Pattern::compile("^(?:(?=[^]*z)[^])*$", &mut Room::default()).expect("compiles");
        assert_eq!(Search::new(&ahead).finish(&text, &mut Budget::new(1_000_000)), Ok(false));
        let ahead = Pattern::compile("(?=[^]*z)", &mut Room::default()).expect("compiles");
        assert_eq!(Search::new(&ahead).finish(&text, &mut Budget::new(1_000_000)), Err(Spent));
    }

    #[test]
    fn a_long_search_can_be_interrupted() {
        let pattern = Pattern::compile("^[a-z]*$", &mut Room::default()).expect("compiles");
        let (text, mut budget) = ("a".repeat(1_000_000), Budget::new(u64::MAX));
        let mut search = Search::new(&pattern);
        let mut pauses = 0;
        let found = loop {
            match search.go_on(&text, &mut budget).expect("within the budget") {
                Some(found) => break found,
                None => pauses += 1,
            }
            budget.resume();
        };
        assert!(found && pauses > 10, "{pauses} pauses");
    }
}
