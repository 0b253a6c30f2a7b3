//! The resources of a repository, and how GitHub lists them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A part of a repository's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// The repository itself. It is always read, even if it is not listed.
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
    /// Reviews of the pull requests that were changed last.
    Reviews,
    /// Comments of reviews, which are on lines of a pull request.
    ReviewComments,
    /// Check runs of the newest commits of the default branch and of open pull requests.
    CheckRuns,
    /// Runs of GitHub Actions.
    WorkflowRuns,
}

/// The order in which GitHub lists a resource. It determines how far a listing must be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Latest change first: read until an item that was seen before. Or latest creation first, for items that do not
    /// change after they have ended: read until the items that had ended before.
    ByUpdate,
    /// A chain that grows only at its beginning: if the beginning is unchanged, so is the rest.
    Chain,
    /// Anything may have changed anywhere: read everything.
    Whole,
    /// The repository has no single listing. Each pull request or commit has one.
    PerParent,
}

impl Resource {
    /// The resources that a job reads by default.
    pub const DEFAULT: [Self; 6] =
        [Self::Repository, Self::Issues, Self::Pulls, Self::Releases, Self::Labels, Self::Milestones];

    /// All resources.
    pub const ALL: [Self; 14] = [
        Self::Repository,
        Self::Issues,
        Self::Pulls,
        Self::Comments,
        Self::Releases,
        Self::Labels,
        Self::Milestones,
        Self::Commits,
        Self::Branches,
        Self::Tags,
        Self::Reviews,
        Self::ReviewComments,
        Self::CheckRuns,
        Self::WorkflowRuns,
    ];

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
            Self::Reviews => "reviews",
            Self::ReviewComments => "review_comments",
            Self::CheckRuns => "check_runs",
            Self::WorkflowRuns => "workflow_runs",
        }
    }

    pub fn order(self) -> Order {
        match self {
            Self::Issues | Self::Pulls | Self::Comments | Self::ReviewComments | Self::WorkflowRuns => Order::ByUpdate,
            Self::Commits => Order::Chain,
            Self::Reviews | Self::CheckRuns => Order::PerParent,
            _ => Order::Whole,
        }
    }

    /// The path and query below the repository's URL, without the page size. For resources listed per pull request or
    /// commit, below the URL of that parent.
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
            Self::Reviews => "/reviews?",
            Self::ReviewComments => "/pulls/comments?sort=updated&direction=desc&",
            Self::CheckRuns => "/check-runs?filter=latest&",
            Self::WorkflowRuns => "/actions/runs?",
        }
    }
}

/// How GitHub lists a resource that is stored without a limit on the number of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unbounded {
    /// The path and query of the complete listing below the repository's URL, without the date and the page size. Its
    /// order guarantees that no item moves to a page that was already read.
    pub all: &'static str,
    /// The same for the latest changes. `None` if `all` accepts a date (`since`) and is ordered by the last change.
    pub changed: Option<&'static str>,
    /// The path of one item, without its key.
    pub single: &'static str,
}

impl Resource {
    /// `None` if GitHub lists it in no order in which many pages can be read without missing an item.
    pub fn unbounded(self) -> Option<Unbounded> {
        let by_date = |all, single| Unbounded { all, changed: None, single };
        Some(match self {
            Self::Issues => by_date("/issues?state=all&sort=updated&direction=asc&", "/issues"),
            Self::Comments => by_date("/issues/comments?sort=updated&direction=asc&", "/issues/comments"),
            Self::ReviewComments => by_date("/pulls/comments?sort=updated&direction=asc&", "/pulls/comments"),
            // Pull requests have no `since`. They are never deleted, so none moves in the order of creation.
            Self::Pulls => Unbounded {
                all: "/pulls?state=all&sort=created&direction=asc&",
                changed: Some("/pulls?state=all&sort=updated&direction=desc&"),
                single: "/pulls",
            },
            _ => return None,
        })
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
