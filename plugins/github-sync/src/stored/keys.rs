//! The names of the keys in the store. README.md and docs/github-sync.md document them, so they must not change.

use crate::resource::Resource;

/// The repository that has this name, or had it. GitHub's names are case-insensitive.
pub fn name(repo: &str) -> String {
    format!("name:{}", repo.to_ascii_lowercase())
}

/// The repository itself.
pub fn repository(id: u64) -> String {
    format!("repo:{id}")
}

/// The repository's name in the latest list of its owner's repositories.
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

/// One part of the keys of a resource without a limit, counted from 1.
pub fn part(id: u64, resource: Resource, number: u32) -> String {
    format!("repo:{id}:{resource}:part:{number}")
}

/// The mark of an item of such a resource.
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

/// The encrypted token of a GitHub App's installation.
pub fn installation(app: &str, id: Option<u64>, owner: &str) -> String {
    match id {
        Some(id) => format!("installation:{app}:id:{id}"),
        None => format!("installation:{app}:of:{}", owner.to_ascii_lowercase()),
    }
}

/// The last time that GitHub's secondary rate limit was hit.
pub fn secondary_limit() -> String {
    "secondary-limit".to_owned()
}
