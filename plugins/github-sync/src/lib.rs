//! A Toril plugin that brings the state of repositories from GitHub's REST API into its key-value data. README.md is its
//! manual, docs/github-sync.md has all of it.
//!
//! | module | what it has |
//! | --- | --- |
//! | [`payload`], [`result`], [`settings`] | what goes in and out |
//! | [`resource`], [`items`], [`fields`] | what there is to read, and what is kept of it |
//! | [`api`], [`answer`], [`link`] | requests, what their answers mean, and where the next page is |
//! | [`auth`] | tokens, and the GitHub App that gets them |
//! | [`kept`] | the keys, and the documents beside the items |
//! | [`sync`] | one repository: its description, its listings, what was deleted |
//! | [`organisation`], [`filter`] | all repositories of an owner, or some of them, as children |
//! | [`limits`] | how long to wait at the secondary rate limit |
//! | [`pace`] | when an attempt should end |

mod answer;
mod api;
mod auth;
mod fields;
mod filter;
mod items;
mod kept;
mod limits;
mod link;
mod organisation;
mod pace;
mod payload;
mod resource;
mod result;
mod settings;
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
