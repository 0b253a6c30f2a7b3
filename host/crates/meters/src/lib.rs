//! The metrics that Toril records through the `metrics` facade. Their names, units and labels are defined only here.
//! Nothing is recorded until the process installs a recorder: the one of `toril-telemetry`, or one of the program
//! that embeds Toril.

#![warn(missing_docs)]

mod postgres;
mod tcp;
#[cfg(test)]
mod tests;

use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::Duration;

use metrics::{
    Counter, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use toril_job::{Finished, Outcome, Usage};

pub use postgres::{PostgresMeters, PostgresResult};
pub use tcp::{TcpMeters, TcpResult, tcp_connections};

const PROCESSED: &str = "jobs_processed_total";
const FAILED: &str = "jobs_failed_total";
const STALLED: &str = "jobs_stalled_total";
const DURATION: &str = "job_duration_seconds";
const WAIT: &str = "job_wait_seconds";
const RUNNING: &str = "jobs_running";
const JOBS: &str = "queue_jobs";
const PEN_START: &str = "pen_start_seconds";
const PENS_REUSED: &str = "pens_reused_total";
const PEN_MEMORY: &str = "pen_memory_bytes";
const PEN_FUEL: &str = "pen_fuel";
const PLUGIN: &str = "plugin_info";
const RELOADS: &str = "plugin_reloads_total";
const ROUND_TRIP: &str = "redis_round_trip_seconds";
const REDIS_UP: &str = "redis_up";
const OUTAGES: &str = "redis_outages_total";
const RECONNECTS: &str = "redis_reconnects_total";
const WEBHOOKS: &str = "webhook_requests_total";
const CALLBACKS: &str = "callback_requests_total";

/// From 1 ms to 10 min: durations of attempts, and waiting times of jobs.
const SECONDS: [f64; 16] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 600.0];
/// From 10 µs to 100 ms: the start of a pen, and round trips.
const MOMENTS: [f64; 9] = [0.000_01, 0.000_03, 0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1];
/// From 100 µs to 30 s: statements, and the waits for a connection.
const STATEMENTS: [f64; 12] = [0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];
/// From 64 KiB to 1 GiB.
const BYTES: [f64; 8] =
    [65_536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 16_777_216.0, 67_108_864.0, 268_435_456.0, 1_073_741_824.0];
/// From 10^4 to 10^11 units of fuel, which is about one unit per instruction.
const FUEL: [f64; 8] = [1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11];

/// The bucket bounds of each histogram, by its name.
pub fn buckets() -> [(&'static str, &'static [f64]); 8] {
    [
        (DURATION, &SECONDS),
        (WAIT, &SECONDS),
        (PEN_START, &MOMENTS),
        (ROUND_TRIP, &MOMENTS),
        (PEN_MEMORY, &BYTES),
        (PEN_FUEL, &FUEL),
        (postgres::WAIT, &STATEMENTS),
        (postgres::STATEMENT, &STATEMENTS),
    ]
}

/// Describes all metrics to the recorder of this process.
pub fn describe() {
    describe_counter!(PROCESSED, "Attempts that ended, by queue, plugin and outcome");
    describe_counter!(
        FAILED,
        "Attempts that failed, by queue, kind of failure, and whether it was the job's last (final)"
    );
    describe_counter!(STALLED, "Jobs whose lock ran out while they ran, by queue");
    describe_histogram!(DURATION, Unit::Seconds, "From the claim of a job to the end of its attempt, by queue");
    describe_histogram!(WAIT, Unit::Seconds, "From when a job could run first to its first claim, by queue");
    describe_gauge!(RUNNING, "Jobs that this host runs, by queue");
    describe_gauge!(JOBS, "Jobs in the queue, by queue and state; the same on every host");
    describe_histogram!(PEN_START, Unit::Seconds, "Making a pen: store and instance, by plugin");
    describe_counter!(PENS_REUSED, "Attempts in a pen that had run another before, by plugin");
    describe_histogram!(PEN_MEMORY, Unit::Bytes, "Linear memory of one attempt, by plugin");
    describe_histogram!(PEN_FUEL, "Fuel that one attempt used, by plugin");
    describe_gauge!(PLUGIN, "1 for the version of each plugin that is in use");
    describe_counter!(RELOADS, "New files of a plugin, by plugin and result: replaced or refused");
    describe_histogram!(ROUND_TRIP, Unit::Seconds, "A ping of Redis and its answer");
    describe_gauge!(REDIS_UP, "Whether Redis answered the last ping");
    describe_counter!(OUTAGES, "Times that Redis stopped to answer");
    describe_counter!(RECONNECTS, "New connections of the host to Redis, after the first");
    describe_counter!(WEBHOOKS, "Requests to webhooks, by webhook and result");
    describe_counter!(CALLBACKS, "Requests to callbacks, by result");
    postgres::describe();
    tcp::describe();
}

/// The metrics of a queue's jobs. The handles are cached, because a look-up by labels takes longer than counting.
pub struct QueueMeters {
    queue: String,
    wait: OnceLock<Histogram>,
    duration: OnceLock<Histogram>,
    /// The counters of [`PROCESSED`], by plugin and outcome. There are only a few.
    processed: RwLock<Vec<(String, &'static str, Counter)>>,
}

impl QueueMeters {
    /// Creates the metrics of this queue.
    pub fn of(queue: &str) -> Self {
        let (wait, duration) = (OnceLock::new(), OnceLock::new());
        Self { queue: queue.to_owned(), wait, duration, processed: RwLock::default() }
    }

    /// A job was claimed. `wait`: how long it had been ready to run before its first attempt.
    pub fn claimed(&self, wait: Option<Duration>) {
        if let Some(wait) = wait {
            self.wait.get_or_init(|| histogram!(WAIT, "queue" => self.queue.clone())).record(wait);
        }
    }

    /// An attempt ended.
    pub fn ended(&self, finished: &Finished, took: Duration) {
        let Finished { outcome, plugin, .. } = finished;
        self.processed(plugin, outcome.label());
        if let Some(failure) = outcome.failure() {
            let last = if matches!(outcome, Outcome::Failed(_)) { "true" } else { "false" };
            let queue = self.queue.clone();
            counter!(FAILED, "queue" => queue, "kind" => failure.kind.label(), "final" => last).increment(1);
        }
        self.duration.get_or_init(|| histogram!(DURATION, "queue" => self.queue.clone())).record(took);
    }

    fn processed(&self, plugin: &str, outcome: &'static str) {
        let known = self.processed.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., counter)) = known.iter().find(|(of, how, _)| of == plugin && *how == outcome) {
            return counter.increment(1);
        }
        drop(known);
        let (queue, plugin) = (self.queue.clone(), plugin.to_owned());
        let counter = counter!(PROCESSED, "queue" => queue, "plugin" => plugin.clone(), "outcome" => outcome);
        counter.increment(1);
        self.processed.write().unwrap_or_else(PoisonError::into_inner).push((plugin, outcome, counter));
    }
}

/// Jobs were found whose locks had expired.
pub fn stalled(queue: &str, jobs: u64) {
    counter!(STALLED, "queue" => queue.to_owned()).increment(jobs);
}

/// The metrics of a plugin's attempts.
pub struct PluginMeters {
    plugin: String,
    start: OnceLock<Histogram>,
    memory: OnceLock<Histogram>,
    fuel: OnceLock<Histogram>,
}

impl PluginMeters {
    /// Creates the metrics of this plugin.
    pub fn of(plugin: &str) -> Self {
        let none = OnceLock::new;
        Self { plugin: plugin.to_owned(), start: none(), memory: none(), fuel: none() }
    }

    /// A pen was created.
    pub fn pen_started(&self, took: Duration) {
        self.start.get_or_init(|| histogram!(PEN_START, "plugin" => self.plugin.clone())).record(took);
    }

    /// A pen runs another job.
    pub fn pen_reused(&self) {
        counter!(PENS_REUSED, "plugin" => self.plugin.clone()).increment(1);
    }

    /// A plugin ran and used these resources.
    pub fn pen_used(&self, usage: Usage) {
        let memory = self.memory.get_or_init(|| histogram!(PEN_MEMORY, "plugin" => self.plugin.clone()));
        memory.record(usage.memory as f64);
        if let Some(fuel) = usage.fuel {
            self.fuel.get_or_init(|| histogram!(PEN_FUEL, "plugin" => self.plugin.clone())).record(fuel as f64);
        }
    }
}

/// The number of jobs of a queue that this host runs.
pub fn running(queue: &str, jobs: usize) {
    gauge!(RUNNING, "queue" => queue.to_owned()).set(jobs as f64);
    begin(&counter!(STALLED, "queue" => queue.to_owned()));
}

/// The number of jobs of a queue in a state.
pub fn jobs(queue: &str, state: &'static str, jobs: u64) {
    gauge!(JOBS, "queue" => queue.to_owned(), "state" => state).set(jobs as f64);
}

/// A version of a plugin is in use.
pub fn plugin(plugin: &str, version: &str, interface: &str) {
    let version = version.to_owned();
    gauge!(PLUGIN, "plugin" => plugin.to_owned(), "version" => version, "interface" => interface.to_owned()).set(1);
    for result in ["replaced", "refused"] {
        begin(&counter!(RELOADS, "plugin" => plugin.to_owned(), "result" => result));
    }
}

/// A new file of a plugin was loaded.
pub fn reloaded(plugin: &str) {
    counter!(RELOADS, "plugin" => plugin.to_owned(), "result" => "replaced").increment(1);
}

/// A new file of a plugin was refused.
pub fn reload_refused(plugin: &str) {
    counter!(RELOADS, "plugin" => plugin.to_owned(), "result" => "refused").increment(1);
}

/// Redis answered a ping.
pub fn redis_answered(took: Duration) {
    histogram!(ROUND_TRIP).record(took);
    gauge!(REDIS_UP).set(1);
    begin(&counter!(OUTAGES));
    begin(&counter!(RECONNECTS));
}

/// Redis did not answer a ping.
pub fn redis_silent() {
    gauge!(REDIS_UP).set(0);
}

/// Redis did not answer a ping, after it had answered the one before.
pub fn redis_outage_began() {
    counter!(OUTAGES).increment(1);
}

/// The host reconnected to Redis.
pub fn redis_reconnected() {
    counter!(RECONNECTS).increment(1);
}

/// A request to a webhook was answered.
pub fn webhook(webhook: &str, result: &'static str) {
    counter!(WEBHOOKS, "webhook" => webhook.to_owned(), "result" => result).increment(1);
}

/// Registers the result counters of a webhook.
pub fn webhook_results(webhook: &str, results: &[&'static str]) {
    for result in results {
        begin(&counter!(WEBHOOKS, "webhook" => webhook.to_owned(), "result" => *result));
    }
}

/// A request to a callback was answered.
pub fn callback(result: &'static str) {
    counter!(CALLBACKS, "result" => result).increment(1);
}

/// Registers the result counters of callbacks.
pub fn callback_results(results: &[&'static str]) {
    for result in results {
        begin(&counter!(CALLBACKS, "result" => *result));
    }
}

/// Exports a counter with the value 0. Prometheus cannot see the increase of a counter that first appears with the
/// value 1, so an alert on the increase would miss the first event.
fn begin(counter: &metrics::Counter) {
    counter.increment(0);
}
