//! Selects the repositories of an owner that a job syncs.

use glob::{MatchOptions, Pattern};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toril_plugin::Failure;

/// GitHub's names are case-insensitive.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: false, require_literal_separator: false, require_literal_leading_dot: false };

/// Which repositories of an owner are synced: those that fit all that is given.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Archived repositories. Without it they are included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<Which>,

    /// Forks. Without it they are included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forks: Option<Which>,

    /// Patterns of names without the owner, as in `api-*`. A repository has to match one of them. `*` stands for any
    /// characters, `?` for one, `[ab]` and `[!ab]` for one of a set or outside of it. Case does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 50), inner(length(max = 200)))]
    pub names: Option<Vec<String>>,

    /// The same patterns. A repository must match none of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 50), inner(length(max = 200)))]
    pub except: Option<Vec<String>>,
}

/// Which repositories are taken, of those that have a property and those that do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    /// Those that have it and those that do not.
    Include,
    /// Only those that do not have it.
    Exclude,
    /// Only those that have it.
    Only,
}

impl Which {
    fn takes(self, has_it: bool) -> bool {
        match self {
            Self::Include => true,
            Self::Exclude => !has_it,
            Self::Only => has_it,
        }
    }
}

/// The properties of a repository that a filter checks.
pub struct Candidate<'a> {
    /// The name as `owner/name`.
    pub full_name: &'a str,
    pub archived: bool,
    pub fork: bool,
}

/// A filter with validated patterns.
pub struct Checked {
    archived: Which,
    forks: Which,
    names: Option<Vec<Pattern>>,
    except: Vec<Pattern>,
}

impl Checked {
    pub fn new(filter: Option<&Filter>) -> Result<Self, Failure> {
        let filter = filter.cloned().unwrap_or_default();
        Ok(Self {
            archived: filter.archived.unwrap_or(Which::Include),
            forks: filter.forks.unwrap_or(Which::Include),
            names: filter.names.map(|names| patterns("names", &names)).transpose()?,
            except: patterns("except", &filter.except.unwrap_or_default())?,
        })
    }

    pub fn takes(&self, candidate: &Candidate<'_>) -> bool {
        let name = candidate.full_name.rsplit('/').next().unwrap_or(candidate.full_name);
        let is_in = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches_with(name, OPTIONS));
        self.archived.takes(candidate.archived)
            && self.forks.takes(candidate.fork)
            && self.names.as_deref().is_none_or(is_in)
            && !is_in(&self.except)
    }
}

fn patterns(field: &str, texts: &[String]) -> Result<Vec<Pattern>, Failure> {
    let pattern = |(n, text): (usize, &String)| {
        Pattern::new(text).map_err(|error| {
            Failure::fatal(format!(
                "pattern {} in `filter.{field}` is not valid: {} (at character {}). Put a character that has a meaning in \
                 brackets: `[*]`",
                n + 1,
                error.msg,
                error.pos + 1
            ))
        })
    };
    texts.iter().enumerate().map(pattern).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(filter: Filter) -> Checked {
        Checked::new(Some(&filter)).unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn texts(texts: &[&str]) -> Option<Vec<String>> {
        Some(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    fn named(full_name: &str) -> Candidate<'_> {
        Candidate { full_name, archived: false, fork: false }
    }

    #[test]
    fn a_name_has_to_match_one_pattern_and_no_exception() {
        let filter =
            checked(Filter { names: texts(&["api-*", "web"]), except: texts(&["*-old"]), ..Filter::default() });
        for name in ["a/api-one", "a/API-two", "a/web"] {
            assert!(filter.takes(&named(name)), "{name}");
        }
        for name in ["api-a/other", "a/website", "a/api-old"] {
            assert!(!filter.takes(&named(name)), "{name}");
        }
    }

    #[test]
    fn archived_repositories_and_forks_can_be_left_out_or_be_the_only_ones() {
        let archived = |fork| Candidate { full_name: "a/b", archived: true, fork };
        let without = checked(Filter { archived: Some(Which::Exclude), ..Filter::default() });
        assert!(!without.takes(&archived(false)) && without.takes(&named("a/b")));
        let only = checked(Filter { archived: Some(Which::Only), forks: Some(Which::Only), ..Filter::default() });
        assert!(only.takes(&archived(true)) && !only.takes(&archived(false)) && !only.takes(&named("a/b")));
    }

    #[test]
    fn without_a_filter_all_repositories_are_synced() {
        let Ok(all) = Checked::new(None) else { panic!("no patterns") };
        assert!(all.takes(&Candidate { full_name: "a/b", archived: true, fork: true }));
    }

    #[test]
    fn a_pattern_that_is_not_valid_is_counted_and_not_quoted() {
        let filter = Filter { names: texts(&["a", "hunter2["]), ..Filter::default() };
        let Err(Failure::Fatal(message)) = Checked::new(Some(&filter)) else { panic!("not valid") };
        assert!(message.contains("pattern 2 in `filter.names`") && !message.contains("hunter2"), "{message}");
    }
}
