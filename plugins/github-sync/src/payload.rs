//! The input of a job.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toril_plugin::Failure;

use crate::filter::Filter;
use crate::resource::Resource;

/// The data of a job called `sync`: one repository, or all of an owner's.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sync {
    /// The repository, as in `owner/name`. Either this or `org` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 140), regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+$"))]
    pub repo: Option<String>,

    /// An organisation, or a user: a child job is added for each of its repositories, and the result sums them up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"))]
    pub org: Option<String>,

    /// Which of the owner's repositories are synced, for a job with `org`. Without it all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,

    /// What is read of a repository. Without it: `repository`, `issues`, `pulls`, `releases`, `labels` and
    /// `milestones`. The repository itself is always among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 14))]
    pub resources: Option<Vec<Resource>>,

    /// Which fields of items are kept, by the name of the resource, as in `{ "issues": ["title", "state"] }`. What an
    /// item is called by, such as `number`, is always kept. Without an entry the settings choose, and without those all
    /// are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<BTreeMap<String, Vec<String>>>,

    /// Reads every listing to its end, also where the beginning says that nothing has changed, and so finds what was
    /// deleted. The first sync of a resource does so in any case.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub full: bool,

    /// How far back is read, as in `2026-01-31T00:00:00Z`: what was last changed before it is left as it is. For
    /// issues, pulls, comments, review comments and commits, for reviews by the last change of their pull request, and for
    /// workflow runs by their beginning. The other resources are always read as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"))]
    pub since: Option<String>,

    /// Set by the plugin itself on a job with `org`, once it has added this many children. Producers leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub children: Option<u32>,

    /// Set by the plugin itself with `children`: how many repositories `filter` left out. Producers leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<u32>,

    /// Set by the plugin itself on a job with `org` whose list of repositories takes several attempts. Producers leave it
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<OwnerListing>,
}

/// The progress of reading the list of an owner's repositories.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnerListing {
    /// The address of the next page.
    #[schemars(length(max = 2000))]
    pub next: String,
    /// The number of pages that were read.
    pub pages: u32,
    /// The number of children that were added for them.
    pub added: u32,
    /// The number of repositories that the filter excluded.
    #[serde(default)]
    pub left_out: u32,
}

/// What a job syncs.
#[derive(Debug, PartialEq, Eq)]
pub enum Target<'a> {
    Repository(&'a str),
    Owner(&'a str),
}

impl Sync {
    /// The validated target of the job. Validation ensures that the name cannot lead to another part of the API.
    pub fn target(&self) -> Result<Target<'_>, Failure> {
        match (self.repo.as_deref(), self.org.as_deref()) {
            (Some(_), None) if self.filter.is_some() => {
                Err(Failure::fatal("`filter` is for a job with `org`: a job with `repo` is about that one repository"))
            }
            (Some(repo), None) if is_repo(repo) => Ok(Target::Repository(repo)),
            (Some(_), None) => Err(Failure::fatal("`repo` is not of the form owner/name")),
            (None, Some(org)) if is_owner(org) => Ok(Target::Owner(org)),
            (None, Some(_)) => Err(Failure::fatal("`org` is not the name of an organisation or a user")),
            _ => Err(Failure::fatal("a job has either `repo` or `org`")),
        }
    }

    /// The resources to read besides the repository itself, without duplicates.
    pub fn listings(&self) -> Vec<Resource> {
        let mut listings = self.resources.clone().unwrap_or_else(|| Resource::DEFAULT.into());
        listings.sort_unstable();
        listings.dedup();
        listings.retain(|resource| *resource != Resource::Repository);
        listings
    }
}

fn is_owner(owner: &str) -> bool {
    !owner.is_empty() && owner.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

fn is_repo(repo: &str) -> bool {
    let is_name_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    repo.split_once('/').is_some_and(|(owner, name)| {
        let is_path_step = matches!(name, "." | "..");
        is_owner(owner) && !name.is_empty() && name.chars().all(is_name_char) && !is_path_step
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(repo: &str) -> bool {
        Sync { repo: Some(repo.into()), ..Sync::default() }.target().is_ok()
    }

    #[test]
    fn a_repository_has_exactly_one_owner_and_one_name() {
        for repo in ["taskforcesh/bullmq", "a/b", "octo_acme/a.b-c_d", "a/.github", "a/..."] {
            assert!(is_taken(repo), "{repo}");
        }
        for repo in ["", "bullmq", "/b", "a/", "a/b/c", "a/..", "a/.", "../b", "a/b?x=1", "a/b#c", "a/ü", "a b/c"] {
            assert!(!is_taken(repo), "{repo}");
        }
    }

    #[test]
    fn a_job_is_about_a_repository_or_about_an_owner() {
        let both = Sync { repo: Some("a/b".into()), org: Some("a".into()), ..Sync::default() };
        assert!(both.target().is_err() && Sync::default().target().is_err());
        let org = Sync { org: Some("octo-org".into()), ..Sync::default() };
        assert_eq!(org.target(), Ok(Target::Owner("octo-org")));
        assert!(Sync { org: Some("a/b".into()), ..Sync::default() }.target().is_err());
    }

    #[test]
    fn a_resource_is_read_once_however_often_it_is_named() {
        let resources = Some(vec![Resource::Labels, Resource::Repository, Resource::Issues, Resource::Labels]);
        let sync = Sync { resources, ..Sync::default() };
        assert_eq!(sync.listings(), [Resource::Issues, Resource::Labels]);
    }

    #[test]
    fn the_schema_describes_a_job() {
        let schema = toril_plugin::schemars::schema_for!(Sync);
        let schema = schema.as_value();
        assert!(schema["properties"]["repo"]["pattern"].as_str().is_some_and(|p| p.starts_with('^')));
        assert_eq!(schema["additionalProperties"], false);
        // If the schema required one of several fields, it would give producers no usable type.
        assert_eq!(schema["required"], serde_json::Value::Null);
    }
}
