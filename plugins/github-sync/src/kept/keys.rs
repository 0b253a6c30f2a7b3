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

pub fn lease(id: u64) -> String {
    format!("repo:{id}:lease")
}

pub fn fence(id: u64) -> String {
    format!("repo:{id}:fence")
}
