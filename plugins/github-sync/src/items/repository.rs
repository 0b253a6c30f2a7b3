//! The description of a repository, which is stored with all fields.

use serde::{Deserialize, Serialize};
use toril_plugin::http::{HttpError, Response};

use super::parts::spdx;

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    pub id: u64,
    pub full_name: String,
    pub description: Option<String>,
    pub default_branch: String,
    #[serde(default)]
    pub private: bool,
    #[serde(default)]
    pub fork: bool,
    #[serde(default)]
    pub archived: bool,
    #[serde(default)]
    pub disabled: bool,
    pub homepage: Option<String>,
    pub language: Option<String>,
    #[serde(deserialize_with = "spdx", default)]
    pub license: Option<String>,
    #[serde(default)]
    pub topics: Vec<String>,
    pub stargazers_count: u64,
    pub forks_count: u64,
    pub open_issues_count: u64,
    pub created_at: Option<String>,
    pub updated_at: Option<String>,
    pub pushed_at: Option<String>,
    pub html_url: Option<String>,
}

impl Repository {
    /// Parses the description in a response.
    pub fn read(answer: &Response) -> Result<Self, HttpError> {
        answer.json()
    }
}
