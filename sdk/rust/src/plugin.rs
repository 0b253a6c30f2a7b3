//! The traits of a plugin: [`Plugin`] with a typed function for each kind of job, or [`RawPlugin`] without types.

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Failure, Job, Json};

/// A plugin that has one typed function for each kind of job.
pub trait Plugin {
    /// What the plugin does, in one sentence for people.
    const DESCRIPTION: &'static str;

    /// The kinds of job that the plugin handles.
    fn jobs() -> Jobs;
}

/// A plugin that writes its own description and parses its own jobs. Every [`Plugin`] is one.
///
/// For plugins whose job names are not known at compile time, or whose results already are JSON.
pub trait RawPlugin {
    /// The plugin's description of itself. A host calls this once for each version, without network access and with a
    /// limit of 5 seconds.
    fn describe() -> Manifest;

    /// Runs one job. An instance runs one job only, so nothing stays in memory between jobs, unless the plugin's
    /// entry in `queues.toml` says `isolation = "reuse"`.
    ///
    /// # Errors
    /// A [`Failure`] for every attempt that ends without a result.
    fn handle(job: Job<Json>) -> Result<Json, Failure>;
}

impl<P: Plugin> RawPlugin for P {
    fn describe() -> Manifest {
        Manifest { description: P::DESCRIPTION.into(), jobs: P::jobs().describe() }
    }

    fn handle(job: Job<Json>) -> Result<Json, Failure> {
        P::jobs().run(job)
    }
}

/// A plugin's description of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// What the plugin does, in one sentence for people.
    pub description: String,
    /// The kinds of job that it handles. A host fails every other job for good. If empty, the plugin handles jobs of
    /// any name, and the host does not validate their data.
    pub jobs: Vec<JobType>,
}

/// One kind of job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobType {
    /// The job's name, as producers set it.
    pub name: String,
    /// What the job does, in one sentence for people.
    pub description: String,
    /// The JSON Schema (draft 2020-12) that a host validates the data against before it starts the plugin.
    pub data_schema: Option<Schema>,
    /// The JSON Schema of a completed job's result, for producers. A host does not validate results.
    pub result_schema: Option<Schema>,
}

type Handler = Box<dyn FnOnce(Job<Json>) -> Result<Json, Failure>>;

struct Entry {
    name: &'static str,
    description: &'static str,
    /// Of the data and of the result. Built on demand: only `describe` needs them.
    schemas: Option<[fn() -> Schema; 2]>,
    handler: Handler,
}

/// The kinds of job that a [`Plugin`] handles, in the order in which they were added.
#[derive(Default)]
pub struct Jobs {
    entries: Vec<Entry>,
}

impl Jobs {
    /// Without jobs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Handles jobs called `name` with `handler`. The host validates the job's data against the schema of its data
    /// type. Producers see the schema of its result type.
    ///
    /// `description` is one sentence for people. The first handler for a name wins.
    #[must_use]
    pub fn on<D, O>(
        self,
        name: &'static str,
        description: &'static str,
        handler: impl FnOnce(Job<D>) -> Result<O, Failure> + 'static,
    ) -> Self
    where
        D: DeserializeOwned + JsonSchema,
        O: Serialize + JsonSchema,
    {
        self.push(name, description, Some([|| schema_for!(D), || schema_for!(O)]), handler)
    }

    /// Like [`Jobs::on`], but without a schema: the host does not validate the data, and data that does not fit the
    /// handler's type is [`Failure::Fatal`].
    #[must_use]
    pub fn on_unchecked<D, O>(
        self,
        name: &'static str,
        description: &'static str,
        handler: impl FnOnce(Job<D>) -> Result<O, Failure> + 'static,
    ) -> Self
    where
        D: DeserializeOwned,
        O: Serialize,
    {
        self.push(name, description, None, handler)
    }

    fn push<D: DeserializeOwned, O: Serialize>(
        mut self,
        name: &'static str,
        description: &'static str,
        schemas: Option<[fn() -> Schema; 2]>,
        handler: impl FnOnce(Job<D>) -> Result<O, Failure> + 'static,
    ) -> Self {
        let handler: Handler = Box::new(|job| {
            let output = handler(job.parse()?)?;
            Json::from_value(&output)
                .map_err(|error| Failure::fatal(format!("the result cannot be written as JSON: {error}")))
        });
        self.entries.push(Entry { name, description, schemas, handler });
        self
    }

    /// Describes the kinds of job for the host.
    pub fn describe(&self) -> Vec<JobType> {
        let job_type = |entry: &Entry| JobType {
            name: entry.name.into(),
            description: entry.description.into(),
            data_schema: entry.schemas.map(|[data, _]| data()),
            result_schema: entry.schemas.map(|[_, result]| result()),
        };
        self.entries.iter().map(job_type).collect()
    }

    /// Runs a job with the handler for its name.
    ///
    /// # Errors
    /// The handler's own failure; [`Failure::Fatal`] if there is no handler, if the data does not fit it, or if the
    /// result cannot be written as JSON.
    pub fn run(self, job: Job<Json>) -> Result<Json, Failure> {
        match self.entries.into_iter().find(|entry| entry.name == job.name) {
            Some(entry) => (entry.handler)(job),
            None => Err(Failure::fatal(format!("this plugin handles no jobs called `{}`", job.name))),
        }
    }
}

impl Job<Json> {
    /// Gives the data a type.
    ///
    /// # Errors
    /// [`Failure::Fatal`] if the data does not fit the type, because it will not on the next attempt either. The
    /// message names the place, and quotes no part of the data.
    pub fn parse<T: DeserializeOwned>(self) -> Result<Job<T>, Failure> {
        let (job, json) = self.replace_data(());
        match json.parse() {
            Ok(data) => Ok(job.replace_data(data).0),
            Err(error) => Err(Failure::fatal(format!(
                "the data of this `{}` job does not have the form that its handler expects (line {}, column {})",
                job.name,
                error.line(),
                error.column(),
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    struct Pair {
        a: u32,
        b: u32,
    }

    struct Sums;

    impl Plugin for Sums {
        const DESCRIPTION: &'static str = "Adds numbers.";

        fn jobs() -> Jobs {
            Jobs::new().on("pair", "Adds two.", |job: Job<Pair>| Ok(job.data.a + job.data.b)).on_unchecked(
                "list",
                "Adds many.",
                |job: Job<Vec<u32>>| Ok(job.data.iter().sum::<u32>()),
            )
        }
    }

    #[test]
    fn a_job_goes_to_the_handler_of_its_name() {
        let pair = Job::for_test("pair", Json::from(json!({ "a": 1, "b": 2 })));
        assert_eq!(Sums::handle(pair), Ok(Json::from_text("3")));
        let list = Job::for_test("list", Json::from(json!([4, 5, 6])));
        assert_eq!(Sums::handle(list), Ok(Json::from_text("15")));
    }

    #[test]
    fn a_name_without_handler_is_fatal() {
        let failure = Sums::handle(Job::for_test("product", Json::from_text("[]")));
        assert!(matches!(failure, Err(Failure::Fatal(message)) if message.contains("`product`")));
    }

    #[test]
    fn a_typed_job_is_described_with_its_schema_and_an_unchecked_one_without() {
        let manifest = Sums::describe();
        assert_eq!(manifest.description, "Adds numbers.");
        let [pair, list] = manifest.jobs.as_slice() else { panic!("two jobs") };
        let schema = pair.data_schema.as_ref().map(Schema::as_value).expect("typed");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["required"], json!(["a", "b"]));
        assert_eq!(list.data_schema, None);
    }

    #[test]
    fn data_that_fits_is_parsed_into_its_type() {
        let job = Job::for_test("sum", Json::from_text("[1, 2]"));
        let job = job.parse::<Vec<u8>>().expect("fits");
        assert_eq!(job.data, [1, 2]);
        assert_eq!(job.name, "sum");
    }

    #[test]
    fn data_that_does_not_fit_is_fatal_and_not_quoted() {
        let job = Job::for_test("sum", Json::from_text(r#"["hunter2"]"#));
        let Err(Failure::Fatal(message)) = job.parse::<Vec<u8>>() else {
            panic!("a string is no number");
        };
        assert!(message.contains("`sum`") && message.contains("line 1"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}
