//! `toril plugin test`: runs one job through a component, without Redis and without a host.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgGroup, Args};
use serde_json::Value;

use super::component;
use super::pools;
use super::report::Report;
use crate::author::job_file;
use crate::cli::client::Client;
use crate::cli::config_file::default_config;
use crate::cli::error::{CliError, CommandResult, FAILED};
use toril_bullmq as queue;
use toril_config::{self as config, Config, Env, Origin, Queue, Secret, TcpTarget};
use toril_job::{Job, JobRef, Outcome, QueueName};
use toril_sandbox::{Network, Recorder, Replayer, Tape, TapeError, Transport};

/// Options of `toril plugin test`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which job").required(true).args(["job", "name", "from"]))]
pub struct Test {
    /// The component.
    file: PathBuf,
    /// The job, as a JSON file with name, data, id, queue, attempt, maxAttempts, addedAt. `-` is standard input.
    #[arg(long, value_name = "FILE")]
    job: Option<PathBuf>,
    /// The job's name, where there is no file.
    #[arg(long)]
    name: Option<String>,
    /// Its payload, as JSON.
    #[arg(long, value_name = "JSON", requires = "name", default_value = "{}", value_parser = json)]
    data: Value,
    /// A job of the Redis that the configuration names, such as one that failed. Nothing is changed there.
    #[arg(long, value_name = "QUEUE/ID", value_parser = queue_and_id)]
    from: Option<JobRef>,
    /// Which run of the job this is, from 1.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    attempt: Option<u32>,
    /// The [plugins.NAME] whose settings hold, where --config or --from names a configuration [default: the file's
    /// name].
    #[arg(long, value_name = "NAME")]
    plugin: Option<String>,
    /// An origin that it may send requests to, beside those of its entry. Can be given more than once.
    #[arg(long, value_name = "ORIGIN")]
    http: Vec<Origin>,
    /// A server that it may open plain TCP connections to, beside those of its entry. Can be given more than once.
    #[arg(long, value_name = "HOST:PORT")]
    tcp: Vec<TcpTarget>,
    /// A server that it may open TCP connections to that the host encrypts, beside those of its entry. Can be given
    /// more than once.
    #[arg(long, value_name = "HOST:PORT")]
    tls: Vec<TcpTarget>,
    /// Let it keep key-value data, which is in memory and gone after the run.
    #[arg(long)]
    keyvalue: bool,
    /// A pool of PostgreSQL connections that it may use, beside those of its entry. URL is a connection string, or
    /// env:NAME for one in an environment variable. The plugin's statements take effect there. Can be given more than
    /// once.
    #[arg(long, value_name = "POOL=URL")]
    postgres: Vec<String>,
    /// A queue that it may add jobs to, beside those of its entry; they are printed and run by nobody. Can be given
    /// more than once.
    #[arg(long, value_name = "QUEUE")]
    add_to: Vec<QueueName>,
    /// A setting that it may read, in the place of what its entry says. Can be given more than once.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    set: Vec<(String, String)>,
    /// An environment variable of the plugin, in the place of what its entry says. Can be given more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = key_and_value)]
    env: Vec<(String, String)>,
    /// The most memory that it may have, as in 256MiB [default: the entry's, or 64MiB].
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<u64>,
    /// The most fuel that it may use [default: the entry's, or no bound].
    #[arg(long, value_name = "NUMBER")]
    fuel: Option<NonZeroU64>,
    /// How long it may take [default: the queue's timeout, or 30s].
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
    /// Send its requests, and write them and their answers to this file.
    #[arg(long, value_name = "FILE", conflicts_with = "http_replay")]
    http_record: Option<PathBuf>,
    /// Answer its requests from such a file, without the network. Its origins must be granted all the same.
    #[arg(long, value_name = "FILE")]
    http_replay: Option<PathBuf>,
    #[command(flatten)]
    client: Client,
}

impl Test {
    pub async fn run(self, path: Option<&Path>) -> CommandResult {
        let (job, config) = self.job_and_config(path).await?;
        let name = self.plugin.clone().unwrap_or_else(|| component::name(&self.file));
        let mut entry = self.entry(&name, config.as_ref());
        pools::add(&self.postgres, &mut entry).map_err(CliError::wrong)?;
        let timeout = self.timeout(&job, config.as_ref());
        let recorder = Arc::new(Recorder::default());
        let transport = self.transport(&recorder).map_err(CliError::wrong)?;
        let bench = component::open(path)?;
        let prepared = bench.load(&self.file, &name, &entry).await?;
        let trial = bench.run(prepared.through(transport), job.clone(), timeout).await;
        if let Some(path) = &self.http_record {
            recorder.tape().save(path).map_err(CliError::failed)?;
        }
        let report = Report { job: &job, trial: &trial, memory: entry.memory, fuel: entry.fuel };
        if self.client.json {
            crate::cli::output::say!("{}", report.json());
        } else {
            crate::cli::output::write(&crate::cli::text::plain(&report.text()));
        }
        match trial.finished.outcome {
            Outcome::Completed(_) => Ok(ExitCode::SUCCESS),
            _ => Ok(ExitCode::from(FAILED)),
        }
    }

    /// How HTTP requests are sent: over the network, recorded, or replayed.
    fn transport(&self, recorder: &Arc<Recorder>) -> Result<Arc<dyn Transport>, TapeError> {
        match &self.http_replay {
            Some(path) => Ok(Arc::new(Replayer::new(Tape::load(path)?))),
            None if self.http_record.is_some() => Ok(recorder.clone()),
            None => Ok(Arc::new(Network)),
        }
    }

    /// The job, and the configuration if one was read. A configuration is read if the command line names one, and
    /// always with `--from`.
    async fn job_and_config(&self, path: Option<&Path>) -> Result<(Job, Option<Config>), CliError> {
        let (mut job, config) = if let Some(JobRef { queue, id }) = &self.from {
            let (config, redis) = self.client.open(&path.map_or_else(default_config, Path::to_owned))?;
            match queue::stored(&redis, queue, id).await {
                Ok(Some(job)) => (job, Some(config)),
                Ok(None) => return Err(CliError::failed(format!("queue {queue} has no job {id}"))),
                Err(reason) => return Err(CliError::failed(reason)),
            }
        } else {
            let job = match (&self.job, &self.name) {
                (Some(file), _) => job_file::read(file).map_err(CliError::wrong)?,
                (None, name) => job_file::job(name.clone().unwrap_or_default(), self.data.clone()),
            };
            let config = path.map(|path| config::load(path, &Env::from_process())).transpose();
            (job, config.map_err(CliError::problems)?)
        };
        if let Some(attempt) = self.attempt {
            job.attempt = attempt;
            job.max_attempts = job.max_attempts.max(attempt);
        }
        Ok((job, config))
    }

    /// The plugin's grants and limits: those of the configuration, and those that the command line adds.
    fn entry(&self, name: &str, config: Option<&Config>) -> config::Plugin {
        if let Some(config) = config
            && !config.plugins.contains_key(name)
        {
            eprintln!("note: {} has no [plugins.{name}], so nothing is granted by it", config.path.display());
        }
        let mut entry = config.map(|config| config.plugin(name)).unwrap_or_default();
        entry.http.extend(self.http.iter().cloned());
        // A server is in one of the lists alone: the command line decides.
        entry.tcp.retain(|server| !self.tls.contains(server));
        entry.tls.retain(|server| !self.tcp.contains(server));
        entry.tcp.extend(self.tcp.iter().filter(|server| !self.tls.contains(server)).cloned());
        entry.tls.extend(self.tls.iter().cloned());
        entry.add_to.extend(self.add_to.iter().cloned());
        if self.keyvalue {
            entry.keyvalue.get_or_insert_default();
        }
        entry.memory = self.memory.unwrap_or(entry.memory);
        entry.fuel = self.fuel.or(entry.fuel);
        for (key, value) in &self.set {
            entry.secrets.remove(key);
            entry.send_secrets.remove(key);
            entry.config.insert(key.clone(), value.clone());
        }
        entry.env.extend(self.env.iter().map(|(name, value)| (name.clone(), Secret::new(value))));
        entry
    }

    fn timeout(&self, job: &Job, config: Option<&Config>) -> Duration {
        let queue = config.and_then(|config| config.queues.get(&job.queue));
        self.timeout.unwrap_or_else(|| queue.map_or(Queue::new("").timeout, |queue| queue.timeout))
    }
}

fn size(text: &str) -> Result<u64, String> {
    let bytes = config::parse_size(text)?;
    // The same range as `memory` in the configuration.
    if (1 << 20..=4 << 30).contains(&bytes) { Ok(bytes) } else { Err("is from 1MiB to 4GiB".to_owned()) }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))
}

fn queue_and_id(text: &str) -> Result<JobRef, String> {
    match text.split_once('/') {
        Some((queue, id)) if !queue.is_empty() && !id.is_empty() => {
            let queue = QueueName::new(queue).map_err(|error| error.to_string())?;
            Ok(JobRef { queue, id: id.into() })
        }
        _ => Err("names a job as QUEUE/ID".to_owned()),
    }
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("names a setting as KEY=VALUE".to_owned()),
    }
}
