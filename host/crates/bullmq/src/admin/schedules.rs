//! Job schedulers from the configuration. They are written to Redis when they are new or changed. They are removed when
//! they disappear from the file, unless another client has created them.

use std::collections::HashMap;

use super::error::AdminError;
use super::handle::Admin;
use super::schedulers::SchedulerRequest;
use toril_job::QueueName;
use toril_job::settings::{Repeat, Schedule};

impl Admin {
    /// Makes the job schedulers in Redis match the configuration. `gone` are queues that were in it before.
    ///
    /// A hash of each queue under the namespace records which schedulers come from a file, with a fingerprint of their
    /// settings. An unchanged scheduler is not written again, because that would drop a run that is due.
    pub async fn apply_schedules(&self, gone: &[QueueName]) -> Result<(), AdminError> {
        let config = (self.config)();
        for (queue, settings) in config.queues() {
            let known = self.known(queue).await?;
            for (id, schedule) in &settings.schedules {
                let request = request(schedule);
                let wanted = self.fingerprint(queue, &request);
                if known.get(id) == Some(&wanted) && self.scheduler(queue, id).await.is_ok() {
                    continue;
                }
                // This is recorded first, so that after an interruption the scheduler does not look like another
                // client's.
                self.note(queue, id, "").await?;
                self.upsert_scheduler(queue, id, request).await?;
                self.note(queue, id, &wanted).await?;
                tracing::info!(queue = queue.as_str(), scheduler = id, "job scheduler written from the configuration");
            }
            for id in known.keys().filter(|id| !settings.schedules.contains_key(*id)) {
                self.forget(queue, id).await?;
            }
        }
        for queue in gone.iter().filter(|queue| !config.queues().contains_key(*queue)) {
            for id in self.known(queue).await?.keys() {
                self.forget(queue, id).await?;
            }
        }
        Ok(())
    }

    fn key(&self, queue: &QueueName) -> String {
        self.redis.namespaced(&format!("schedules:{queue}"))
    }

    /// The schedulers that come from a file, with their fingerprints.
    async fn known(&self, queue: &QueueName) -> Result<HashMap<String, String>, AdminError> {
        Ok(self.redis.connection().await?.cmd(redis::cmd("HGETALL").arg(self.key(queue))).await?)
    }

    async fn note(&self, queue: &QueueName, id: &str, fingerprint: &str) -> Result<(), AdminError> {
        let mut note = redis::cmd("HSET");
        note.arg(self.key(queue)).arg(id).arg(fingerprint);
        Ok(self.redis.connection().await?.cmd(&mut note).await?)
    }

    async fn forget(&self, queue: &QueueName, id: &str) -> Result<(), AdminError> {
        match self.redis.queue(queue).await?.remove_job_scheduler(id).await? {
            true => {
                tracing::info!(
                    queue = queue.as_str(),
                    scheduler = id,
                    "job scheduler removed because it is no longer in the configuration"
                )
            }
            false => tracing::debug!(queue = queue.as_str(), scheduler = id, "the job scheduler was already removed"),
        }
        let mut forget = redis::cmd("HDEL");
        forget.arg(self.key(queue)).arg(id);
        Ok(self.redis.connection().await?.cmd(&mut forget).await?)
    }

    /// The fingerprint of a scheduler's settings, including the queue's defaults.
    fn fingerprint(&self, queue: &QueueName, request: &SchedulerRequest) -> String {
        use sha2::{Digest, Sha256};
        let request = serde_json::to_string(request).unwrap_or_default();
        let digest = Sha256::digest(format!("{request}\n{:?}", self.defaults(queue)));
        hex::encode(&digest[..16])
    }
}

fn request(schedule: &Schedule) -> SchedulerRequest {
    let mut request = SchedulerRequest {
        name: schedule.name.clone(),
        data: schedule.data.clone(),
        limit: schedule.limit.map(Into::into),
        ..SchedulerRequest::default()
    };
    request.opts.priority = schedule.priority;
    match &schedule.repeat {
        Repeat::Pattern { pattern, tz } => {
            request.pattern = Some(pattern.clone());
            request.tz.clone_from(tz);
        }
        Repeat::Every(every) => request.every = Some(u64::try_from(every.as_millis()).unwrap_or(u64::MAX)),
    }
    request
}
