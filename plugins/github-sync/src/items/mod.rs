//! The stored form of items: GitHub's own names and values, without URLs that can be derived.

mod kinds;
mod parts;
mod repository;
#[cfg(test)]
mod tests;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toril_plugin::Failure;
use toril_plugin::http::Response;

use crate::fields::Fields;
use crate::resource::Resource;

use kinds::{
    Branch, CheckRun, Comment, Commit, Issue, Label, Milestone, Pull, Release, Review, ReviewComment, Tag, WorkflowRun,
};
pub use repository::Repository;

/// Maximum size of a document that is stored complete, in bytes. The store accepts 1 MiB per value.
const LARGEST: usize = 1_000_000;

/// One item in its stored form.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its key within its resource.
    pub key: String,
    /// The date of its last change. Empty if GitHub does not provide one.
    pub date: String,
    /// Whether it will change later without moving in its listing.
    pub will_change: bool,
    /// Its JSON.
    pub document: Vec<u8>,
}

trait Item: Serialize {
    /// The field that contains its key.
    const KEY: &'static str;
    /// All of its fields.
    const FIELDS: &'static [&'static str];
    fn key(&self) -> String;
    fn date(&self) -> &str;
    /// Its longest text, which is dropped if the document is too large.
    fn body(&mut self) -> Option<&mut Option<String>>;
    /// Whether it has not ended yet. Then it will change without moving in its listing.
    fn will_change(&self) -> bool {
        false
    }
}

/// Evaluates an expression with the item type of a resource. The repository itself has no items.
macro_rules! of_type {
    (@ $type:ident = $item:ident, $of_items:expr) => {{
        type $type = $item;
        $of_items
    }};
    ($resource:expr, $type:ident => $of_items:expr, $of_the_repository:expr) => {
        match $resource {
            Resource::Repository => $of_the_repository,
            Resource::Issues => of_type!(@ $type = Issue, $of_items),
            Resource::Pulls => of_type!(@ $type = Pull, $of_items),
            Resource::Comments => of_type!(@ $type = Comment, $of_items),
            Resource::Releases => of_type!(@ $type = Release, $of_items),
            Resource::Labels => of_type!(@ $type = Label, $of_items),
            Resource::Milestones => of_type!(@ $type = Milestone, $of_items),
            Resource::Commits => of_type!(@ $type = Commit, $of_items),
            Resource::Branches => of_type!(@ $type = Branch, $of_items),
            Resource::Tags => of_type!(@ $type = Tag, $of_items),
            Resource::Reviews => of_type!(@ $type = Review, $of_items),
            Resource::ReviewComments => of_type!(@ $type = ReviewComment, $of_items),
            Resource::CheckRuns => of_type!(@ $type = CheckRun, $of_items),
            Resource::WorkflowRuns => of_type!(@ $type = WorkflowRun, $of_items),
        }
    };
}

/// The items of one page of a listing, reduced to the selected fields.
pub fn entries(resource: Resource, answer: &Response, fields: &Fields) -> Result<Vec<Entry>, Failure> {
    of_type!(resource, Type => read::<Type>(resource, answer, fields), Ok(Vec::new()))
}

/// All fields of a resource's items.
pub fn fields(resource: Resource) -> &'static [&'static str] {
    of_type!(resource, Type => Type::FIELDS, &[])
}

/// The field that contains the key of a resource's items.
pub fn key_field(resource: Resource) -> &'static str {
    of_type!(resource, Type => Type::KEY, "id")
}

/// A page whose items are in a member of an object.
#[derive(Deserialize)]
struct Named<T> {
    #[serde(alias = "check_runs", alias = "workflow_runs")]
    items: Vec<T>,
}

fn read<T: Item + DeserializeOwned>(
    resource: Resource,
    answer: &Response,
    fields: &Fields,
) -> Result<Vec<Entry>, Failure> {
    let items = match resource {
        Resource::CheckRuns | Resource::WorkflowRuns => answer.json::<Named<T>>()?.items,
        _ => answer.json::<Vec<T>>()?,
    };
    items.into_iter().map(|item| entry(item, fields)).collect()
}

fn entry<T: Item>(mut item: T, fields: &Fields) -> Result<Entry, Failure> {
    let mut document = written(&item, fields)?;
    if document.len() > LARGEST
        && let Some(body) = item.body()
    {
        *body = None;
        document = written(&item, fields)?;
    }
    Ok(Entry { key: item.key(), date: item.date().to_owned(), will_change: item.will_change(), document })
}

fn written(item: &impl Item, fields: &Fields) -> Result<Vec<u8>, Failure> {
    if fields.is_all() {
        return Ok(serde_json::to_vec(item)?);
    }
    let mut document = serde_json::to_value(item)?;
    fields.apply(&mut document);
    Ok(serde_json::to_vec(&document)?)
}
