//! What a job returns.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The result of a job called `sync`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Outcome {
    /// Of a job with `repo`.
    Repository(Box<Synced>),
    /// Of a job with `org`.
    Owner(SyncedOwner),
}

/// The result of the sync of one repository.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Synced {
    /// The name that the repository has today, which is not the one that was asked for if it was renamed.
    pub repo: String,
    /// GitHub's number of it, which stays when it is renamed, and under which its state is kept.
    pub id: u64,
    /// The name of its default branch.
    pub default_branch: String,
    /// Its description at GitHub.
    pub description: Option<String>,
    /// Its number of stars.
    pub stars: u64,
    /// Its number of forks.
    pub forks: u64,
    /// The number of open issues and pull requests.
    pub open_issues: u64,
    /// When it was last pushed to.
    pub pushed_at: Option<String>,
    /// The sums over all resources.
    #[serde(flatten)]
    pub counts: Counts,
    /// The counts of each resource.
    pub resources: BTreeMap<String, Counts>,
    /// Resources that GitHub did not let the token read, each with the reason. What is kept of them is as it was.
    #[serde(default)]
    pub refused: BTreeMap<String, String>,
    /// The build of the plugin.
    pub version: String,
}

/// The result of the sync of an owner's repositories.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SyncedOwner {
    /// The organisation or user.
    pub org: String,
    /// The number of synced repositories.
    pub repos: u64,
    /// The number of repositories that `filter` excluded.
    pub left_out: u32,
    /// Repositories that could not be synced.
    pub failed: Vec<FailedRepository>,
    /// Resources of synced repositories that GitHub did not let the token read.
    pub refused: Vec<RefusedResource>,
    /// The counts of all repositories together.
    #[serde(flatten)]
    pub counts: Counts,
    /// The build of the plugin.
    pub version: String,
}

/// A repository whose child job failed for good.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FailedRepository {
    /// Its name when the repositories were listed. None if the job was added by an earlier build of the plugin.
    pub repo: Option<String>,
    /// The child's job id.
    pub job: String,
    /// Why it failed.
    pub reason: String,
}

/// A resource that the token may not read.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RefusedResource {
    /// The name of the repository.
    pub repo: String,
    /// The resource.
    pub resource: String,
    /// Why it was refused.
    pub reason: String,
}

/// The counts of a sync.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Items that GitHub sent.
    pub fetched: u64,
    /// Of those, the new ones.
    pub created: u64,
    /// Of those, the changed ones.
    pub updated: u64,
    /// Of those, the unchanged ones.
    pub unchanged: u64,
    /// Items that were removed because GitHub no longer has them.
    pub deleted: u64,
    /// Items that were removed because of the limit `keep`.
    pub dropped: u64,
    /// Requests that were sent to GitHub.
    pub requests: u64,
    /// Of those, the ones that GitHub answered with 304 Not Modified, which costs nothing of the rate limit.
    pub not_modified: u64,
}

impl AddAssign<&Self> for Counts {
    fn add_assign(&mut self, other: &Self) {
        self.fetched += other.fetched;
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
        self.dropped += other.dropped;
        self.requests += other.requests;
        self.not_modified += other.not_modified;
    }
}
