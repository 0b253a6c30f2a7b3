//! A Toril plugin that syncs the state of repositories from GitHub's REST API into its key-value data. README.md is its
//! manual. docs/github-sync.md has the full reference.
//!
//! | module | contents |
//! | --- | --- |
//! | [`payload`], [`result`], [`settings`] | input, output and settings |
//! | [`resource`], [`items`], [`fields`] | what can be read, and which parts of it are stored |
//! | [`api`], [`answer`], [`link`] | requests, the meaning of their responses, and the location of the next page |
//! | [`auth`] | tokens, and the GitHub App that gets them |
//! | [`stored`] | the keys, and the documents beside the items |
//! | [`sync`] | the sync of one repository: its description, its listings, deletions |
//! | [`organisation`], [`filter`] | all or some repositories of an owner, as child jobs |
//! | [`limits`] | how long to wait at the secondary rate limit |
//! | [`pace`] | when an attempt should end |

mod answer;
mod api;
mod auth;
mod fields;
mod filter;
mod items;
mod limits;
mod link;
mod organisation;
mod pace;
mod payload;
mod resource;
mod result;
mod settings;
mod stored;
mod sync;
mod version;

use toril_plugin::{Failure, Job, Jobs, Plugin};

use payload::{Sync, Target};
use result::Outcome;
use settings::Settings;

struct GithubSync;

impl Plugin for GithubSync {
    const DESCRIPTION: &'static str = "Brings the state of GitHub's repositories into Redis.";

    fn jobs() -> Jobs {
        Jobs::new().on("sync", "Syncs one repository, or all repositories of an organisation or a user.", sync)
    }
}

fn sync(job: Job<Sync>) -> Result<Outcome, Failure> {
    let settings = Settings::read()?;
    match job.data.target()? {
        Target::Repository(repo) => sync::run(&job, repo, &settings).map(Box::new).map(Outcome::Repository),
        Target::Owner(owner) => organisation::run(&job, owner, &settings).map(Outcome::Owner),
    }
}

toril_plugin::export!(GithubSync);
