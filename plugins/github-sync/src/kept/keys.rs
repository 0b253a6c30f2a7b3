//! The names of the keys. README.md and docs/github-sync.md promise them to readers.

use crate::resource::Resource;

/// Which repository has or had this name. Names of GitHub are the same in any case.
pub fn name(repo: &str) -> String {
    format!("name:{}", repo.to_ascii_lowercase())
}

/// The repository itself.
pub fn repository(id: u64) -> String {
    format!("repo:{id}")
}

/// The name that a repository had in the last list of its owner's repositories.
pub fn listed(id: u64) -> String {
    format!("repo:{id}:listed")
}

pub fn item(id: u64, resource: Resource, key: &str) -> String {
    format!("repo:{id}:{resource}:item:{key}")
}

pub fn index(id: u64, resource: Resource) -> String {
    format!("repo:{id}:{resource}:index")
}

pub fn state(id: u64, resource: Resource) -> String {
    format!("repo:{id}:{resource}:state")
}

/// A page of a listing, counted from 1.
pub fn page(id: u64, resource: Resource, number: u32) -> String {
    format!("repo:{id}:{resource}:page:{number}")
}

/// Some keys of a resource that is kept without a bound, counted from 1.
pub fn part(id: u64, resource: Resource, number: u32) -> String {
    format!("repo:{id}:{resource}:part:{number}")
}

/// What is known of an item of such a resource.
pub fn mark(id: u64, resource: Resource, key: &str) -> String {
    format!("repo:{id}:{resource}:mark:{key}")
}

/// The listing of one pull request or commit.
pub fn parent(id: u64, resource: Resource, parent: &str) -> String {
    format!("repo:{id}:{resource}:of:{parent}")
}

pub fn lease(id: u64) -> String {
    format!("repo:{id}:lease")
}

pub fn fence(id: u64) -> String {
    format!("repo:{id}:fence")
}

/// The token of a GitHub App's installation, encrypted.
pub fn installation(app: &str, id: Option<u64>, owner: &str) -> String {
    match id {
        Some(id) => format!("installation:{app}:id:{id}"),
        None => format!("installation:{app}:of:{}", owner.to_ascii_lowercase()),
    }
}

/// When GitHub's secondary rate limit was last met.
pub fn secondary_limit() -> String {
    "secondary-limit".to_owned()
}
