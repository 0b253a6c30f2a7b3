//! What can be read of a repository, and how GitHub lists it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A part of a repository's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// The repository itself. It is always read, also where it is not asked for.
    Repository,
    /// Issues and, as GitHub counts them among the issues, pull requests.
    Issues,
    /// Pull requests, with their branches.
    Pulls,
    /// Comments on issues and pull requests.
    Comments,
    /// Releases, and drafts where the token may see them.
    Releases,
    /// Labels.
    Labels,
    /// Milestones, open and closed.
    Milestones,
    /// Commits of the default branch.
    Commits,
    /// Branches.
    Branches,
    /// Tags.
    Tags,
}

/// In which order GitHub lists a resource, and so how far a listing has to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// What was changed last comes first: read until what was seen before.
    ByUpdate,
    /// A chain that only grows at its beginning: if that is as it was, so is the rest.
    Chain,
    /// Anything may have changed anywhere: read all of it.
    Whole,
}

impl Resource {
    /// What a job reads that does not say.
    pub const DEFAULT: [Self; 6] =
        [Self::Repository, Self::Issues, Self::Pulls, Self::Releases, Self::Labels, Self::Milestones];

    /// Its name in payloads, keys and results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Issues => "issues",
            Self::Pulls => "pulls",
            Self::Comments => "comments",
            Self::Releases => "releases",
            Self::Labels => "labels",
            Self::Milestones => "milestones",
            Self::Commits => "commits",
            Self::Branches => "branches",
            Self::Tags => "tags",
        }
    }

    pub fn order(self) -> Order {
        match self {
            Self::Issues | Self::Pulls | Self::Comments => Order::ByUpdate,
            Self::Commits => Order::Chain,
            _ => Order::Whole,
        }
    }

    /// The path and query below the repository's own address, without the size of a page.
    pub fn listing(self) -> &'static str {
        match self {
            Self::Repository => "",
            Self::Issues => "/issues?state=all&sort=updated&direction=desc&",
            Self::Pulls => "/pulls?state=all&sort=updated&direction=desc&",
            Self::Comments => "/issues/comments?sort=updated&direction=desc&",
            Self::Releases => "/releases?",
            Self::Labels => "/labels?",
            Self::Milestones => "/milestones?state=all&",
            Self::Commits => "/commits?",
            Self::Branches => "/branches?",
            Self::Tags => "/tags?",
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
