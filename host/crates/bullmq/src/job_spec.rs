//! The description of a job to add.

use serde_json::{Map, Value};

use super::ids;
use crate::access::ConnectError;
use toril_job::settings::JobDefaults;
use toril_job::trace::Carrier;
use toril_job::{JobOptions, JobRef, NewJob, OnFailure, QueueName};

/// A job to add.
#[derive(Clone, Debug)]
pub struct JobSpec {
    /// Its queue.
    pub queue: QueueName,
    /// Its name.
    pub name: String,
    /// Its payload.
    pub data: Value,
    /// Its options.
    pub options: JobOptions,
    /// The context of its trace.
    pub trace: Option<Carrier>,
    /// Options in their stored form: those of an earlier job, or the parent as the client named it. They replace options
    /// with the same name.
    pub earlier: Map<String, Value>,
    /// Extends `keepLastIfActive`. It then counts from the first attempt of the job that holds the deduplication id to
    /// the end of that job, including the time between its attempts. In BullMQ it only counts while the job is active.
    pub keep_last_if_started: bool,
}

impl JobSpec {
    /// A job with a queue's defaults.
    pub fn new(queue: QueueName, name: &str, data: Value, defaults: &JobDefaults) -> Self {
        Self {
            queue,
            name: name.to_owned(),
            data,
            options: JobOptions::default().or_defaults(defaults),
            trace: None,
            earlier: Map::new(),
            keep_last_if_started: false,
        }
    }

    /// Sets options. Those that are not set stay at the queue's defaults.
    #[must_use]
    pub fn with_options(self, options: JobOptions, defaults: &JobDefaults) -> Self {
        Self { options: options.or_defaults(defaults), ..self }
    }

    /// A job that a plugin adds. Options that the plugin does not set come from the queue's defaults.
    pub fn from_plugin(job: NewJob, defaults: &JobDefaults) -> Self {
        let spec = Self::new(job.queue, &job.name, job.data, defaults).with_options(job.options, defaults);
        Self { trace: job.trace, ..spec }
    }

    /// Checks whether Toril may add the job. Its options must be within their limits. Its name, ids and parent must not
    /// be too long, and must not be a key of the queue.
    pub fn check(&self) -> Result<(), ConnectError> {
        self.options.check().map_err(|error| ConnectError::InvalidJob(error.to_string()))?;
        self.check_ids().map_err(ConnectError::InvalidJob)
    }

    /// Checks everything that becomes part of a key, or that is stored next to the job's data without a limit of its
    /// own.
    fn check_ids(&self) -> Result<(), String> {
        ids::name("the job's name", &self.name)?;
        if let Some(id) = &self.options.id {
            ids::own_id(id.as_str())?;
        }
        if let Some(deduplication) = &self.options.deduplication {
            ids::name("the deduplication id", &deduplication.id)?;
        }
        if let Some(parent) = &self.options.parent {
            ids::name("the parent's id", parent.id.as_str())?;
            ids::place("the parent's id", parent.id.as_str())?;
        }
        Ok(())
    }

    /// Makes it a child of this job.
    pub fn set_parent(&mut self, parent: JobRef, on_failure: OnFailure) {
        self.options.parent = Some(parent);
        self.options.on_failure = Some(on_failure);
    }
}
