//! The host functions of `toril:plugin/jobs`.

use std::sync::Arc;

use super::{View, checked};
use crate::interface::jobs::{AddOptions, Error, Host, NewJob as GuestJob, OnFailure as GuestOnFailure};
use crate::interface::types::JobRefResult;
use toril_job::{ContextError, JobContext, JobRef, NewJob, OnFailure, QueueName};

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl Host for View<'_> {
    async fn add(&mut self, queue: String, name: String, data: String, options: AddOptions) -> Answer<String> {
        Ok(self.add_job(queue, name, data, options, None).await)
    }

    async fn add_child(
        &mut self,
        queue: String,
        name: String,
        data: String,
        options: AddOptions,
        on_failure: GuestOnFailure,
    ) -> Answer<String> {
        Ok(self.add_job(queue, name, data, options, Some(on_failure.into())).await)
    }

    async fn add_all(&mut self, jobs: Vec<GuestJob>) -> Answer<Vec<String>> {
        Ok(self.add_jobs(jobs).await)
    }
}

impl View<'_> {
    async fn add_job(
        &mut self,
        queue: String,
        name: String,
        data: String,
        options: AddOptions,
        child: Option<OnFailure>,
    ) -> Result<String, Error> {
        let queue = self.granted(&queue)?;
        let context = self.context()?;
        let parent = self.parent(&*context, options.parent.as_ref())?;
        let job = checked::job(queue, name, &data, options, parent, child.is_some()).map_err(Error::Invalid)?;
        let job = NewJob { trace: self.job.trace.carrier(), ..job };
        self.count(1)?;
        Ok(context.add(job, child).await?.into())
    }

    async fn add_jobs(&mut self, jobs: Vec<GuestJob>) -> Result<Vec<String>, Error> {
        let queues = jobs.iter().map(|job| self.granted(&job.queue)).collect::<Result<Vec<_>, _>>()?;
        let context = self.context()?;
        let parent = |job: &GuestJob| self.parent(&*context, job.options.parent.as_ref());
        let parents = jobs.iter().map(parent).collect::<Result<Vec<_>, _>>()?;
        let jobs = checked::jobs(jobs, queues.into_iter().zip(parents), self.job.trace.carrier().as_ref());
        let jobs = jobs.map_err(Error::Invalid)?;
        self.count(u64::try_from(jobs.len()).unwrap_or(u64::MAX))?;
        Ok(context.add_all(jobs).await?.into_iter().map(Into::into).collect())
    }

    fn context(&self) -> Result<Arc<dyn JobContext>, Error> {
        self.job.context.clone().ok_or_else(|| Error::Unavailable("no job is running".to_owned()))
    }

    /// The queue of this name, if the plugin may add jobs to it.
    fn granted(&self, queue: &str) -> Result<QueueName, Error> {
        if let Some(granted) = self.grant.queues.iter().find(|granted| granted.as_str() == queue) {
            return Ok(granted.clone());
        }
        let plugin = &self.job.plugin;
        Err(self.denied(format!(
            "plugin {plugin} may not add jobs to queue {queue:?}: add it to `add_to` under [plugins.{plugin}] in the configuration to allow it"
        )))
    }

    /// The parent of a new job, if the plugin may add children to it. It may for the running job, which is its own. For
    /// any other job it must be allowed to add jobs to that job's queue, because a child changes when the job runs.
    fn parent(&self, context: &dyn JobContext, parent: Option<&JobRefResult>) -> Result<Option<JobRef>, Error> {
        let Some(parent) = parent else { return Ok(None) };
        let own = context.own();
        if own.id.as_str() == parent.id && own.queue.as_str() == parent.queue {
            return Ok(Some(own));
        }
        Ok(Some(JobRef { queue: self.granted(&parent.queue)?, id: parent.id.as_str().into() }))
    }

    /// Counts jobs against the limit of the attempt. They are counted before the call: a call that fails may have
    /// reached Redis.
    fn count(&mut self, jobs: u64) -> Result<(), Error> {
        let added = self.pen.added.saturating_add(jobs);
        if added <= self.grant.max_added_jobs {
            self.pen.added = added;
            return Ok(());
        }
        let (plugin, most, before) = (&self.job.plugin, self.grant.max_added_jobs, self.pen.added);
        let exceeds = match jobs {
            1 => "may add no more".to_owned(),
            jobs => format!("may add no {jobs} more, because its limit is {most}"),
        };
        Err(self.denied(format!(
            "plugin {plugin} has added {before} jobs in this attempt and {exceeds}: raise `max_added_jobs` under [plugins.{plugin}] in the configuration, or add them in several jobs"
        )))
    }

    fn denied(&self, denied: String) -> Error {
        self.job.denials.add(denied.clone());
        Error::Denied(denied)
    }
}

impl From<ContextError> for Error {
    fn from(error: ContextError) -> Self {
        match error {
            ContextError::Invalid(reason) => Self::Invalid(reason),
            ContextError::Denied(reason) => Self::Denied(reason),
            ContextError::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}
