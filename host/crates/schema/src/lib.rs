//! The job types that a plugin version describes, and the check whether a job matches its type.
//!
//! Both schemas and job data are untrusted. JSON Schema libraries do not limit the work of compiling and checking, so
//! this crate has its own implementation. `compile` creates a flat list of nodes in time proportional to the schema's
//! text. `check` counts each step and can be interrupted after any of them.
//!
//! This crate knows nothing about WebAssembly or Redis.
//!
//! | module | holds |
//! | --- | --- |
//! | `document` | finds the schemas of a document and resolves references |
//! | `compile`, `node` | a schema as a flat list of nodes |
//! | `check`, `frame`, `item`, `budget` | the check of one value, in steps that are counted |
//! | `number`, `equal` | numbers and equality as JSON Schema defines them |
//! | `pattern` | regular expressions with limits |
//! | `problem` | messages for data that does not match |

#![warn(missing_docs)]

mod budget;
mod check;
mod compile;
mod document;
mod equal;
mod frame;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod item;
mod node;
mod number;
mod pattern;
mod problem;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Instant;

use serde_json::Value;

use self::budget::{Budget, DESCRIBING, Spent};
use self::check::Check;
use self::compile::compile;
use self::node::Schema;
use self::pattern::Room;
pub use self::problem::DataProblem;
use toril_job::text::one_line;
use toril_job::{Failure, FailureKind, Job, Json};

/// Maximum number of problems with one job's data that a message lists.
const LISTED_PROBLEMS: usize = 5;
/// Maximum number of known job names that a message about an unknown name lists.
const LISTED_NAMES: usize = 20;
/// Maximum number of job types per plugin, and maximum size of all their names, descriptions and schemas in bytes.
const KINDS: usize = 1_000;
const BYTES: usize = 1024 * 1024;
/// Data up to this size, in bytes, is parsed inline. It takes a few milliseconds.
const AT_ONCE: usize = 512 * 1024;

/// What a plugin's `describe` returns.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    /// The plugin's own description.
    pub description: String,
    /// The job types that it handles.
    pub jobs: Vec<JobDescription>,
}

/// One job type of a [`Manifest`].
#[derive(Clone, Debug, Default)]
pub struct JobDescription {
    /// The name of the jobs.
    pub name: String,
    /// A description for people.
    pub description: String,
    /// The JSON Schema of the data, as JSON text.
    pub data_schema: Option<String>,
    /// The JSON Schema of the result, as JSON text.
    pub result_schema: Option<String>,
}

/// The job types that a version handles.
#[derive(Debug)]
pub struct JobTypes {
    /// The plugin's own description.
    pub description: String,
    types: HashMap<String, JobType>,
}

/// One job type.
#[derive(Debug)]
pub struct JobType {
    /// A description for people.
    pub description: String,
    /// The JSON Schema of the data, if there is one.
    pub schema: Option<Value>,
    /// The JSON Schema of the result, if there is one. Results are not checked against it.
    pub result: Option<Value>,
    compiled: Option<Schema>,
}

/// Why a job cannot be given to the plugin.
#[derive(Clone, Debug)]
pub enum CheckError {
    /// The job itself is invalid, so a retry would not help.
    Job(Failure),
    /// The deadline has passed.
    Late,
}

/// Why a manifest is invalid.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Two job types have the same name.
    #[error("it describes two kinds of job of the name {0:?}")]
    Twice(String),
    /// The manifest is too large.
    #[error("it describes {what}, and may describe {most}")]
    TooMuch {
        /// What is too large, with its size.
        what: String,
        /// The limit.
        most: usize,
    },
    /// A schema is not valid JSON.
    #[error("the schema of the data or the result of job {name:?} is not JSON: {source}")]
    NoJson {
        /// The job's name.
        name: String,
        /// The parser's error.
        source: serde_json::Error,
    },
    /// A schema is valid JSON but not a valid JSON Schema.
    #[error("the schema of the data or the result of job {name:?} is not a JSON Schema (draft 2020-12): {reason}")]
    NoSchema {
        /// The job's name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl JobTypes {
    /// Reads a manifest and compiles its schemas.
    pub fn new(manifest: Manifest) -> Result<Self, ManifestError> {
        bounded(&manifest)?;
        let mut types = HashMap::new();
        let mut room = Room::default();
        for job in manifest.jobs {
            let mut compiled = |schema: &Option<Value>| {
                let compiled = schema.as_ref().map(|schema| compile(schema, &mut room)).transpose();
                let no_schema =
                    |reason: String| ManifestError::NoSchema { name: job.name.clone(), reason: one_line(&reason) };
                compiled.map_err(no_schema)
            };
            let schema = parse(&job.name, job.data_schema.as_deref())?;
            let result = parse(&job.name, job.result_schema.as_deref())?;
            // The result schema must be valid too, although results are not checked against it.
            let (compiled, _) = (compiled(&schema)?, compiled(&result)?);
            let kind = JobType { description: job.description, schema, result, compiled };
            if types.insert(job.name.clone(), kind).is_some() {
                return Err(ManifestError::Twice(job.name));
            }
        }
        Ok(Self { description: manifest.description, types })
    }

    /// The job types by name, in no particular order. If there are none, the plugin handles jobs of any name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &JobType)> {
        self.types.iter().map(|(name, kind)| (name.as_str(), kind))
    }

    /// The job type with this name.
    pub fn get(&self, name: &str) -> Option<&JobType> {
        self.types.get(name)
    }

    /// The job types, sorted by name.
    pub fn sorted(&self) -> Vec<(&str, &JobType)> {
        let mut types: Vec<_> = self.iter().collect();
        types.sort_unstable_by_key(|(name, _)| *name);
        types
    }

    /// Checks whether this version can run the job. The failure explains what is wrong without quoting the data.
    ///
    /// The check yields its thread regularly. The size of the data limits the total work.
    pub async fn check(&self, job: &Job, deadline: Instant) -> Result<(), CheckError> {
        if self.types.is_empty() {
            return Ok(());
        }
        let Some(kind) = self.types.get(&job.name) else {
            return Err(CheckError::Job(self.unknown(&job.name)));
        };
        let Some(schema) = &kind.compiled else { return Ok(()) };
        let invalid = |message: String| CheckError::Job(Failure::new(FailureKind::InvalidData, message));
        let data = value(&job.data).await.map_err(|error| {
            let place = format!("line {} column {}", error.line(), error.column());
            invalid(format!(
                "the job's data cannot be checked against its schema (at {place}): it is nested too deeply"
            ))
        })?;
        let name = &job.name;
        let mut budget = Budget::for_bytes(job.data.text().len());
        let mut check = Check::new(schema, &data);
        loop {
            match check.go_on(&mut budget) {
                Ok(Some(true)) => return Ok(()),
                Ok(Some(false)) => break,
                Ok(None) if Instant::now() >= deadline => return Err(CheckError::Late),
                Ok(None) => tokio::task::yield_now().await,
                Err(Spent) => {
                    return Err(invalid(format!(
                        "the job's data takes too much work to be checked against the schema of {name:?}"
                    )));
                }
            }
            budget.resume();
        }
        let problems = list_problems(schema, &data);
        Err(invalid(format!("the job's data does not fit the schema of {name:?}: {problems}")))
    }

    fn unknown(&self, name: &str) -> Failure {
        let mut known: Vec<_> = self.types.keys().map(String::as_str).collect();
        known.sort_unstable();
        let more = match known.len().saturating_sub(LISTED_NAMES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        known.truncate(LISTED_NAMES);
        let message = format!("the plugin knows no job named {name:?}; it handles: {}{more}", known.join(", "));
        Failure::new(FailureKind::UnknownJob, message)
    }
}

impl JobType {
    /// The problems with the data of a job of this type, field by field.
    pub fn problems(&self, data: &Value) -> Vec<DataProblem> {
        let Some(schema) = &self.compiled else { return Vec::new() };
        match Check::problems(schema, data, &mut Budget::new(DESCRIBING)) {
            Ok((problems, _)) => problems,
            Err(Spent) => {
                let message = "it takes too much work to be checked against its schema".to_owned();
                vec![DataProblem { field: String::new(), message }]
            }
        }
    }
}

/// Parses the data. Large data is parsed on a blocking thread.
async fn value(data: &Json) -> Result<Value, serde_json::Error> {
    if data.text().len() > AT_ONCE {
        let shared = data.clone();
        if let Ok(parsed) = tokio::task::spawn_blocking(move || shared.value()).await {
            return parsed;
        }
    }
    data.value()
}

/// Describes the problems without quoting values.
fn list_problems(schema: &Schema, data: &Value) -> String {
    let Ok((problems, more)) = Check::problems(schema, data, &mut Budget::new(DESCRIBING)) else {
        return "in more places than can be listed".to_owned();
    };
    let listed: Vec<_> = problems.iter().take(LISTED_PROBLEMS).map(ToString::to_string).collect();
    match problems.len() + more - listed.len() {
        0 => listed.join("; "),
        more => format!("{}; and {more} more", listed.join("; ")),
    }
}

fn parse(name: &str, schema: Option<&str>) -> Result<Option<Value>, ManifestError> {
    let parsed = schema.map(serde_json::from_str).transpose();
    parsed.map_err(|source| ManifestError::NoJson { name: name.to_owned(), source })
}

fn bounded(manifest: &Manifest) -> Result<(), ManifestError> {
    let schemas = manifest.jobs.iter().flat_map(|job| [&job.data_schema, &job.result_schema]).flatten();
    let texts = manifest.jobs.iter().map(|job| job.name.len() + job.description.len());
    let bytes = manifest.description.len() + texts.chain(schemas.map(String::len)).sum::<usize>();
    let checks =
        [(manifest.jobs.len(), KINDS, "kinds of job"), (bytes, BYTES, "bytes of names, descriptions and schemas")];
    match checks.into_iter().find(|(count, most, _)| count > most) {
        Some((count, most, what)) => Err(ManifestError::TooMuch { what: format!("{count} {what}"), most }),
        None => Ok(()),
    }
}
