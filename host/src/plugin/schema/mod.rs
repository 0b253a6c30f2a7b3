//! What a plugin version says about its jobs, and whether a job fits.

mod effort;

use std::collections::HashMap;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

use super::interface::types::Manifest;
use super::limits::one_line;
use crate::attempt::{Failure, FailureKind, Job};

/// The errors of one job's data that are told.
const TOLD: usize = 5;
/// Names of jobs that are told where one is unknown.
const NAMES: usize = 20;
/// Kinds of job of one plugin, the bytes of all that is said of them, and the regular expressions in their schemas.
const KINDS: usize = 1_000;
const BYTES: usize = 1024 * 1024;
const PATTERNS: usize = 250;
/// How large one regular expression may become, in bytes, and how often it may try another way.
const PATTERN: usize = 1024 * 1024;
const TRIES: usize = 100_000;

/// The kinds of job that a version handles.
#[derive(Debug)]
pub struct JobTypes {
    /// The plugin's own description.
    pub description: String,
    types: HashMap<String, JobType>,
}

/// One kind of job.
#[derive(Debug)]
pub struct JobType {
    /// For a person.
    pub description: String,
    /// The JSON Schema of the data, where there is one.
    pub schema: Option<Value>,
    /// The JSON Schema of the result, where there is one. Nothing is checked against it.
    pub result: Option<Value>,
    validator: Option<Validator>,
}

/// Something that does not fit in the data of a job that somebody writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataProblem {
    /// The field, as a JSON Pointer. Empty: the data as a whole.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Two types of one name.
    #[error("it describes two kinds of job of the name {0:?}")]
    Twice(String),
    /// More than a host has room for.
    #[error("it describes {what}, and may describe {most}")]
    TooMuch {
        /// How much of what.
        what: String,
        /// How much it may be.
        most: usize,
    },
    /// A schema is no JSON.
    #[error("the schema of the data or the result of job {name:?} is no JSON: {source}")]
    NoJson {
        /// The job's name.
        name: String,
        /// The parser's error.
        source: serde_json::Error,
    },
    /// A schema is no JSON Schema.
    #[error("the schema of the data or the result of job {name:?} is no JSON Schema (draft 2020-12): {reason}")]
    NoSchema {
        /// The job's name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl JobTypes {
    /// Takes a manifest over, compiling its schemas.
    pub fn new(manifest: Manifest) -> Result<Self, ManifestError> {
        bounded(&manifest)?;
        let mut types = HashMap::new();
        for job in manifest.jobs {
            let schema = parse(&job.name, job.data_schema.as_deref())?;
            let validator = schema.as_ref().map(|schema| compile(&job.name, schema)).transpose()?;
            let result = parse(&job.name, job.result_schema.as_deref())?;
            result.as_ref().map(|schema| compile(&job.name, schema)).transpose()?;
            let kind = JobType { description: job.description, schema, result, validator };
            if types.insert(job.name.clone(), kind).is_some() {
                return Err(ManifestError::Twice(job.name));
            }
        }
        Ok(Self { description: manifest.description, types })
    }

    /// The kinds of job by name, in no order. Empty: jobs of any name are handled.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &JobType)> {
        self.types.iter().map(|(name, kind)| (name.as_str(), kind))
    }

    /// The kind of job of this name.
    pub fn get(&self, name: &str) -> Option<&JobType> {
        self.types.get(name)
    }

    /// The same in the order of their names.
    pub fn sorted(&self) -> Vec<(&str, &JobType)> {
        let mut types: Vec<_> = self.iter().collect();
        types.sort_unstable_by_key(|(name, _)| *name);
        types
    }

    /// Whether this version can be given the job. The failure names what is wrong and quotes none of the data.
    pub fn check(&self, job: &Job) -> Result<(), Failure> {
        if self.types.is_empty() {
            return Ok(());
        }
        let Some(kind) = self.types.get(&job.name) else {
            let mut known: Vec<_> = self.types.keys().map(String::as_str).collect();
            known.sort_unstable();
            let more = match known.len().saturating_sub(NAMES) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            known.truncate(NAMES);
            return Err(Failure::new(
                FailureKind::UnknownJob,
                format!("the plugin knows no job named {:?}; it handles: {}{more}", job.name, known.join(", ")),
            ));
        };
        let Some(validator) = &kind.validator else { return Ok(()) };
        let data = job.data.value().map_err(|error| {
            let place = format!("line {} column {}", error.line(), error.column());
            let message =
                format!("the job's data cannot be checked against its schema (at {place}): it is nested too deeply");
            Failure::new(FailureKind::InvalidData, message)
        })?;
        let name = &job.name;
        match effort::bounded(effort::steps(job.data.text().len()), || validator.is_valid(&data)) {
            Some(true) => return Ok(()),
            Some(false) => {}
            None => {
                let message =
                    format!("the job's data takes too much work to be checked against the schema of {name:?}");
                return Err(Failure::new(FailureKind::InvalidData, message));
            }
        }
        let problems = in_words(validator, &data);
        let message = format!("the job's data does not fit the schema of {name:?}: {problems}");
        Err(Failure::new(FailureKind::InvalidData, message))
    }
}

impl JobType {
    /// What does not fit in the data of a job of this kind, field by field.
    pub fn problems(&self, data: &Value) -> Vec<DataProblem> {
        let Some(validator) = &self.validator else { return Vec::new() };
        let problem = |error: jsonschema::ValidationError<'_>| {
            let mut field = error.instance_path().to_string();
            let mut message = error.masked_with("the value").to_string();
            // It is told of the object that lacks the field.
            if let ValidationErrorKind::Required { property: Value::String(name) } = error.kind() {
                field.push('/');
                field.push_str(&name.replace('~', "~0").replace('/', "~1"));
                message = "this field is needed".to_owned();
            }
            DataProblem { field, message }
        };
        let problems = effort::bounded(effort::TELLING, || validator.iter_errors(data).map(problem).collect());
        problems.unwrap_or_else(|| {
            let message = "it takes too much work to be checked against its schema".to_owned();
            vec![DataProblem { field: String::new(), message }]
        })
    }
}

/// What does not fit, naming no value.
fn in_words(validator: &Validator, data: &Value) -> String {
    let told = effort::bounded(effort::TELLING, || {
        let mut errors = validator.iter_errors(data).map(|error| {
            let path = error.instance_path().to_string();
            let place = if path.is_empty() { "the data".to_owned() } else { format!("field {path}") };
            format!("{place}: {}", error.masked_with("the value"))
        });
        let told: Vec<_> = errors.by_ref().take(TOLD).collect();
        match errors.count() {
            0 => told.join("; "),
            more => format!("{}; and {more} more", told.join("; ")),
        }
    });
    told.unwrap_or_else(|| "in more places than can be told".to_owned())
}

fn parse(name: &str, schema: Option<&str>) -> Result<Option<Value>, ManifestError> {
    let parsed = schema.map(serde_json::from_str).transpose();
    parsed.map_err(|source| ManifestError::NoJson { name: name.to_owned(), source })
}

/// Schemas become machines in the host, which are larger than they are.
fn bounded(manifest: &Manifest) -> Result<(), ManifestError> {
    let schemas = || manifest.jobs.iter().flat_map(|job| [&job.data_schema, &job.result_schema]).flatten();
    let texts = manifest.jobs.iter().map(|job| job.name.len() + job.description.len());
    let bytes = manifest.description.len() + texts.chain(schemas().map(String::len)).sum::<usize>();
    let patterns = schemas().map(|schema| schema.matches("\"pattern").count()).sum::<usize>();
    let checks = [
        (manifest.jobs.len(), KINDS, "kinds of job"),
        (bytes, BYTES, "bytes of names, descriptions and schemas"),
        (patterns, PATTERNS, "regular expressions in its schemas"),
    ];
    match checks.into_iter().find(|(count, most, _)| count > most) {
        Some((count, most, what)) => Err(ManifestError::TooMuch { what: format!("{count} {what}"), most }),
        None => Ok(()),
    }
}

fn compile(name: &str, schema: &Value) -> Result<Validator, ManifestError> {
    let patterns = PatternOptions::fancy_regex().size_limit(PATTERN).dfa_size_limit(PATTERN).backtrack_limit(TRIES);
    let counted = effort::counted(schema).ok_or_else(|| ManifestError::NoSchema {
        name: name.to_owned(),
        reason: "there is a reference within `const`, `enum`, `default` or `examples`".to_owned(),
    })?;
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(patterns)
        .with_keyword(effort::STEP, |_, _, _| Ok(Box::new(effort::Step)))
        .build(&counted)
        .map_err(|error| ManifestError::NoSchema { name: name.to_owned(), reason: one_line(&error.to_string()) })
}

#[cfg(test)]
mod tests {
    use super::super::interface::types;
    use super::*;
    use serde_json::json;

    fn types(schema: &Value) -> JobTypes {
        let job = types::JobType {
            name: "double".into(),
            description: String::new(),
            data_schema: Some(schema.to_string()),
            result_schema: None,
        };
        JobTypes::new(Manifest { description: String::new(), jobs: vec![job] }).expect("a valid manifest")
    }

    fn job(name: &str, data: Value) -> Job {
        Job {
            id: "1".into(),
            queue: "q".into(),
            name: name.into(),
            data: data.into(),
            attempt: 1,
            max_attempts: 1,
            added_at: 0,
            parent: None,
        }
    }

    fn numbers() -> JobTypes {
        types(&json!({"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}))
    }

    #[test]
    fn a_manifest_has_bounds() {
        let kind = |schema: Option<String>| types::JobType {
            name: String::new(),
            description: String::new(),
            data_schema: schema,
            result_schema: None,
        };
        let refused = |jobs| {
            let manifest = Manifest { description: String::new(), jobs };
            JobTypes::new(manifest).expect_err("too much").to_string()
        };
        let patterns = "\"pattern\"".repeat(PATTERNS + 1);
        assert!(refused(vec![kind(None); KINDS + 1]).contains("1001 kinds of job, and may describe 1000"));
        assert!(refused(vec![kind(Some("x".repeat(BYTES + 1)))]).contains("1048577 bytes of names"));
        assert!(refused(vec![kind(Some(patterns))]).contains("251 regular expressions"));
    }

    #[test]
    fn data_that_fits_passes() {
        assert!(numbers().check(&job("double", json!({"n": 21}))).is_ok());
    }

    #[test]
    fn data_that_does_not_fit_is_named_by_field_without_its_value() {
        let failure = numbers().check(&job("double", json!({"n": "s3cret"}))).expect_err("no number");
        assert!(failure.message.contains("field /n"), "{}", failure.message);
        assert!(!failure.message.contains("s3cret"), "{}", failure.message);
    }

    #[test]
    fn each_problem_is_told_at_its_field() {
        let kind = numbers();
        let kind = kind.get("double").expect("the type");
        let missing = DataProblem { field: "/n".into(), message: "this field is needed".into() };
        assert_eq!(kind.problems(&json!({})), [missing]);
        assert_eq!(kind.problems(&json!({ "n": "x" }))[0].field, "/n");
        assert!(kind.problems(&json!({ "n": 1 })).is_empty());
    }

    #[test]
    fn an_unknown_name_is_told_with_the_known_ones() {
        let failure = numbers().check(&job("treble", json!({}))).expect_err("unknown");
        assert_eq!(failure.kind, FailureKind::UnknownJob);
        assert!(failure.message.contains("it handles: double"), "{}", failure.message);
    }

    #[test]
    fn a_schema_that_is_none_is_refused() {
        let job = types::JobType {
            name: "x".into(),
            description: String::new(),
            data_schema: Some("{\"type\": 7}".into()),
            result_schema: None,
        };
        let error = JobTypes::new(Manifest { description: String::new(), jobs: vec![job] }).expect_err("no schema");
        assert!(error.to_string().contains("\"x\""), "{error}");
    }
}
