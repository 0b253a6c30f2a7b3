//! `toril limits`: the limits that apply to all workers of a queue together.

use std::num::NonZeroU64;
use std::path::Path;
use std::time::Duration;

use clap::Args;

use super::client::Client;
use super::error::CommandResult;
use toril_bullmq::admin::{Admin, AdminError, QueueLimits, RateLimit};
use toril_job::QueueName;

/// Options of `toril limits`.
#[derive(Debug, Args)]
pub struct Limits {
    /// The queue.
    queue: QueueName,
    /// How many of its jobs run at once, on all workers together.
    #[arg(long, value_name = "JOBS")]
    concurrency: Option<NonZeroU64>,
    /// Any number of its jobs may run at once.
    #[arg(long, conflicts_with = "concurrency")]
    no_concurrency: bool,
    /// How many of its jobs begin within a time, on all workers together, such as 100/1s.
    #[arg(long, value_name = "JOBS/DURATION", value_parser = rate)]
    rate: Option<RateLimit>,
    /// Any number of its jobs may begin within any time.
    #[arg(long, conflicts_with = "rate")]
    no_rate: bool,
    /// No job begins for so long.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    stop_for: Option<Duration>,
    /// Jobs begin now, although the queue was stopped for some time or its rate limit is used up.
    #[arg(long, conflicts_with = "stop_for")]
    go: bool,
    #[command(flatten)]
    client: Client,
}

impl Limits {
    pub async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        self.client.tell(self.apply(&admin).await, |limits| table(&self.queue, limits))
    }

    /// Applies the requested changes and returns the new limits.
    async fn apply(&self, admin: &Admin) -> Result<QueueLimits, AdminError> {
        let queue = &self.queue;
        if self.no_concurrency || self.concurrency.is_some() {
            admin.set_concurrency(queue, self.concurrency).await?;
        }
        if self.no_rate || self.rate.is_some() {
            admin.set_rate_limit(queue, self.rate).await?;
        }
        if let Some(time) = self.stop_for {
            admin.stop_for(queue, time).await?;
        }
        if self.go {
            admin.clear_rate_limit(queue).await?;
        }
        admin.limits(queue).await
    }
}

fn table(queue: &QueueName, limits: &QueueLimits) {
    match limits.concurrency {
        Some(most) => crate::cli::output::say!("queue {queue} runs at most {most} jobs at once"),
        None => crate::cli::output::say!("queue {queue} runs any number of jobs at once"),
    }
    match limits.rate_limit {
        Some(RateLimit { max, duration }) => {
            crate::cli::output::say!("at most {max} jobs begin within {}", time(duration.get()))
        }
        None => crate::cli::output::say!("any number of jobs begin within any time"),
    }
    if limits.limited_for > 0 {
        crate::cli::output::say!("no job begins for another {}", time(limits.limited_for));
    }
}

fn time(milliseconds: u64) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_millis(milliseconds))
}

fn rate(text: &str) -> Result<RateLimit, String> {
    let parsed = text.split_once('/').and_then(|(max, time)| {
        let time = humantime::parse_duration(time).ok()?;
        let duration = NonZeroU64::new(u64::try_from(time.as_millis()).ok()?)?;
        Some(RateLimit { max: max.parse().ok()?, duration })
    });
    parsed.ok_or_else(|| "is a number of jobs and a time, such as 100/1s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_and_a_time() {
        let limit = rate("100/1s").expect("a rate");
        assert_eq!((limit.max.get(), limit.duration.get()), (100, 1000));
        for text in ["100", "0/1s", "1/0s", "/1s", "1/", "-1/1s", "1/1"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }
}
