//! `toril schedulers`: manages job schedulers.

use std::path::Path;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::Client;
use super::error::{CliError, CommandResult};
use super::text;
use toril_bullmq::admin::{Scheduler, SchedulerRequest};
use toril_job::QueueName;

/// Commands of `toril schedulers`.
#[derive(Debug, Subcommand)]
pub enum Schedulers {
    /// List the job schedulers of a queue.
    List(List),
    /// Make a job scheduler, or change the one of this id.
    Set(Box<Set>),
    /// Remove a job scheduler and the job that it has added last.
    Remove(Remove),
}

impl Schedulers {
    pub async fn run(self, path: &Path) -> CommandResult {
        match self {
            Self::List(list) => list.run(path).await,
            Self::Set(set) => set.run(path).await,
            Self::Remove(remove) => remove.run(path).await,
        }
    }
}

/// Options of `toril schedulers list`.
#[derive(Debug, Args)]
pub struct List {
    /// The queue.
    queue: QueueName,
    /// The place of the first one, from 0.
    #[arg(long, default_value_t = 0)]
    start: u64,
    /// The place of the last one, which is shown, too. Without it the 100th from the first.
    #[arg(long)]
    end: Option<u64>,
    #[command(flatten)]
    client: Client,
}

impl List {
    async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        let end = self.end.unwrap_or(self.start.saturating_add(99));
        self.client.tell(admin.schedulers(&self.queue, self.start, end).await, |page| {
            page.schedulers.iter().for_each(line);
            crate::cli::output::say!("{} of {} job schedulers, from {}", page.schedulers.len(), page.total, page.start);
        })
    }
}

fn line(scheduler: &Scheduler) {
    let when = match (&scheduler.pattern, scheduler.every) {
        (Some(pattern), _) => format!("{pattern} ({})", scheduler.tz.as_deref().unwrap_or("no time zone")),
        (None, Some(every)) => format!("every {}", humantime::format_duration(Duration::from_millis(every))),
        (None, None) => "never".to_owned(),
    };
    let next = scheduler.next.map_or_else(|| "none".to_owned(), text::time);
    let (key, name) = (text::line(&scheduler.key), text::line(&scheduler.name));
    crate::cli::output::say!("{key}  {}  next {next}  adds {name}", text::line(when));
}

/// Options of `toril schedulers set`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("when").required(true))]
pub struct Set {
    /// The queue.
    queue: QueueName,
    /// The scheduler's id.
    id: String,
    /// A cron pattern: five fields, six with seconds before them, or a name such as @daily.
    #[arg(long, group = "when")]
    pattern: Option<String>,
    /// The pattern's time zone, such as Europe/Madrid. Without it UTC.
    #[arg(long, requires = "pattern")]
    tz: Option<String>,
    /// An interval.
    #[arg(long, group = "when", value_name = "DURATION", value_parser = humantime::parse_duration)]
    every: Option<Duration>,
    /// How many jobs it adds at most.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// The name of its jobs. Without it the scheduler's id.
    #[arg(long)]
    name: Option<String>,
    /// Their payload, as JSON.
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
    /// Their options, as JSON with BullMQ's names, such as {"attempts":3}.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    opts: String,
    #[command(flatten)]
    client: Client,
}

impl Set {
    async fn run(self, path: &Path) -> CommandResult {
        let data: Option<Value> = self
            .data
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(|reason| CliError::wrong(format!("--data is not JSON: {reason}")))?;
        let opts = serde_json::from_str(&self.opts)
            .map_err(|reason| CliError::wrong(format!("--opts cannot be used: {reason}")))?;
        let admin = self.client.admin(path)?;
        let request = SchedulerRequest {
            pattern: self.pattern,
            tz: self.tz,
            every: self.every.map(|every| u64::try_from(every.as_millis()).unwrap_or(u64::MAX)),
            limit: self.limit,
            start_date: None,
            end_date: None,
            name: self.name,
            data,
            opts,
        };
        self.client.tell(admin.upsert_scheduler(&self.queue, &self.id, request).await, line)
    }
}

/// Options of `toril schedulers remove`.
#[derive(Debug, Args)]
pub struct Remove {
    /// The queue.
    queue: QueueName,
    /// The scheduler's id.
    id: String,
    #[command(flatten)]
    client: Client,
}

impl Remove {
    async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        let (queue, id) = (&self.queue, &self.id);
        let done = admin.remove_scheduler(queue, id).await;
        let text = format!("job scheduler {id} of queue {queue} is removed");
        self.client.done(done, &json!({ "queue": queue, "id": id }), &text)
    }
}
