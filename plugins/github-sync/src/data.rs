//! What a job gives, what GitHub answers, and what the job returns.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toril_plugin::Failure;

use crate::version::version;

/// The data of a job called `sync`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sync {
    /// The repository, as in `owner/name`.
    #[schemars(length(max = 140), regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+$"))]
    repo: String,
}

impl Sync {
    /// The repository, once it is certain that it is one and cannot lead to another part of the API.
    pub fn checked_repo(&self) -> Result<&str, Failure> {
        let is_name_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_valid = self.repo.split_once('/').is_some_and(|(owner, name)| {
            let is_path_step = matches!(name, "." | "..");
            let is_owner = owner.chars().all(|c| is_name_char(c) && c != '.') && !owner.is_empty();
            is_owner && !name.is_empty() && name.chars().all(is_name_char) && !is_path_step
        });
        if is_valid { Ok(&self.repo) } else { Err(Failure::fatal("`repo` is not of the form owner/name")) }
    }
}

/// What GitHub says about a repository, as far as it is used here.
#[derive(Deserialize)]
pub struct Repository {
    full_name: Option<String>,
    id: u64,
    default_branch: String,
    description: Option<String>,
    stargazers_count: u64,
    forks_count: u64,
    open_issues_count: u64,
    pushed_at: Option<String>,
}

/// The result of a job called `sync`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Synced {
    repo: String,
    id: u64,
    default_branch: String,
    description: Option<String>,
    stars: u64,
    forks: u64,
    open_issues: u64,
    pushed_at: Option<String>,
    requests: u32,
    version: String,
}

impl Repository {
    /// The job's result: the repository under the name that it has today, which is not `asked` if it was renamed.
    pub fn synced(self, asked: &str, requests: u32) -> Synced {
        Synced {
            repo: self.full_name.unwrap_or_else(|| asked.into()),
            id: self.id,
            default_branch: self.default_branch,
            description: self.description,
            stars: self.stargazers_count,
            forks: self.forks_count,
            open_issues: self.open_issues_count,
            pushed_at: self.pushed_at,
            requests,
            version: version(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(repo: &str) -> bool {
        Sync { repo: repo.into() }.checked_repo().is_ok()
    }

    #[test]
    fn only_one_owner_and_one_name_are_taken() {
        for repo in ["taskforcesh/bullmq", "a/b", "octo_acme/a.b-c_d", "a/.github", "a/..."] {
            assert!(is_taken(repo), "{repo}");
        }
        for repo in ["", "bullmq", "/b", "a/", "a/b/c", "a/..", "a/.", "../b", "a/b?x=1", "a/b#c", "a/ü", "a b/c"] {
            assert!(!is_taken(repo), "{repo}");
        }
    }

    #[test]
    fn the_schema_says_what_a_repository_looks_like() {
        let schema = toril_plugin::schemars::schema_for!(Sync);
        let schema = schema.as_value();
        assert!(schema["properties"]["repo"]["pattern"].as_str().is_some_and(|p| p.starts_with('^')));
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["required"], serde_json::json!(["repo"]));
    }
}
