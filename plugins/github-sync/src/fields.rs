//! Selects the fields of an item that are stored: all of them, unless the settings or the job select some.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use toril_plugin::{Failure, config};

use crate::items;
use crate::resource::Resource;

/// The stored fields of a resource. `None` means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(Option<BTreeSet<String>>);

impl Fields {
    /// `source` says where the names come from, for messages.
    fn new(resource: Resource, names: impl Iterator<Item = String>, source: &str) -> Result<Self, Failure> {
        if resource == Resource::Repository {
            return Err(Failure::fatal(format!(
                "{source} chooses fields of `repository`, which is always kept whole. Leave it out there"
            )));
        }
        let known = items::fields(resource);
        // The key field is always included.
        let mut chosen = BTreeSet::from([items::key_field(resource).to_owned()]);
        for (n, name) in names.enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(Failure::fatal(format!(
                    "field {} of `{resource}` in {source} is not one that is kept. There are: {}",
                    n + 1,
                    known.join(", ")
                )));
            }
            chosen.insert(name);
        }
        Ok(Self(Some(chosen)))
    }

    pub fn is_all(&self) -> bool {
        self.0.is_none()
    }

    /// Removes the unselected fields from a document.
    pub fn apply(&self, document: &mut Value) {
        if let (Some(chosen), Value::Object(members)) = (&self.0, document) {
            members.retain(|name, _| chosen.contains(name));
        }
    }

    /// Identifies a selection. `None` means that all fields are stored.
    pub fn mark(&self) -> Option<String> {
        self.0.as_ref().map(|chosen| chosen.iter().map(String::as_str).collect::<Vec<_>>().join(","))
    }
}

/// The fields of every resource.
#[derive(Debug, Default)]
pub struct Selection(BTreeMap<Resource, Fields>);

impl Selection {
    /// Reads the selection from the settings `fields.RESOURCE` and from the job. The job takes precedence.
    pub fn read(job: Option<&BTreeMap<String, Vec<String>>>) -> Result<Self, Failure> {
        let mut selection = BTreeMap::new();
        for resource in Resource::ALL {
            let key = format!("fields.{resource}");
            if let Some(text) = config::get(&key)?.filter(|text| !text.trim().is_empty()) {
                let names = text.split([',', ' ']).filter(|name| !name.is_empty()).map(str::to_owned);
                selection.insert(resource, Fields::new(resource, names, &format!("`{key}` in the plugin's `config`"))?);
            }
        }
        Self(selection).with(job)
    }

    fn with(mut self, job: Option<&BTreeMap<String, Vec<String>>>) -> Result<Self, Failure> {
        for (name, fields) in job.into_iter().flatten() {
            let Some(resource) = Resource::ALL.into_iter().find(|resource| resource.name() == name) else {
                let known: Vec<_> = Resource::ALL.iter().map(|resource| resource.name()).collect();
                return Err(Failure::fatal(format!(
                    "`fields` of the job names something that is no resource. There are: {}",
                    known.join(", ")
                )));
            };
            self.0.insert(resource, Fields::new(resource, fields.iter().cloned(), "`fields` of the job")?);
        }
        Ok(self)
    }

    pub fn of(&self, resource: Resource) -> Fields {
        self.0.get(&resource).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn selection(resource: &str, fields: &[&str]) -> Result<Selection, Failure> {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        Selection::read(Some(&BTreeMap::from([(resource.to_owned(), fields)])))
    }

    #[test]
    fn the_chosen_fields_and_the_key_stay_in_their_order() {
        let Ok(selection) = selection("issues", &["title", "state"]) else { panic!("valid") };
        let mut issue = json!({ "number": 1, "id": 2, "title": "T", "state": "open", "body": "B" });
        selection.of(Resource::Issues).apply(&mut issue);
        assert_eq!(issue.to_string(), r#"{"number":1,"title":"T","state":"open"}"#);
        assert_eq!(selection.of(Resource::Issues).mark().as_deref(), Some("number,state,title"));
        assert!(selection.of(Resource::Labels).is_all());
    }

    #[test]
    fn an_unknown_resource_or_field_is_not_quoted_and_the_known_ones_are_named() {
        for (resource, fields, expected) in
            [("issues", "hunter2", "title"), ("hunter2", "title", "milestones"), ("repository", "id", "`repository`")]
        {
            let Err(Failure::Fatal(message)) = selection(resource, &[fields]) else { panic!("{resource}") };
            assert!(message.contains(expected) && !message.contains("hunter2"), "{message}");
        }
    }
}
