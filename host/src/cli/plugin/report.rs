//! The report of `toril plugin test`.

use std::num::NonZeroU64;
use std::time::Duration;

use serde_json::{Value, json};

use crate::author::test_harness::Trial;
use toril_job::{Job, Json, Outcome};

/// A test run, and its limits.
pub struct Report<'a> {
    /// The job.
    pub job: &'a Job,
    /// The result of the run.
    pub trial: &'a Trial,
    /// The memory limit, in bytes.
    pub memory: u64,
    /// The fuel limit, if there is one.
    pub fuel: Option<NonZeroU64>,
}

/// The result as a JSON value. If it is nested too deeply for that, its text.
fn value(result: &Json) -> Value {
    result.value().unwrap_or_else(|_| Value::String(result.text().to_owned()))
}

impl Report<'_> {
    /// The report for programs. Unset fields are null.
    pub fn json(&self) -> Value {
        let finished = &self.trial.finished;
        let outcome = &finished.outcome;
        let (result, delay) = match outcome {
            Outcome::Completed(result) => (Some(value(result)), None),
            Outcome::Deferred(delay) | Outcome::RateLimited(delay) => (None, Some(millis(*delay))),
            _ => (None, None),
        };
        let failure = outcome.failure().map(
            |failure| json!({ "kind": failure.kind.to_string(), "message": failure.message, "stack": failure.stack }),
        );
        json!({
            "job": { "queue": self.job.queue, "id": self.job.id, "name": self.job.name,
                     "attempt": self.job.attempt, "maxAttempts": self.job.max_attempts },
            "plugin": finished.plugin,
            "version": finished.version,
            "outcome": outcome.label(),
            "result": result,
            "failure": failure,
            "delayMs": delay,
            "log": self.trial.recording.log,
            "progress": self.trial.recording.progress,
            "data": self.trial.recording.data,
            "added": self.trial.recording.added,
            "durationMs": self.trial.took.as_secs_f64() * 1000.0,
            "peakMemory": finished.usage.map(|usage| usage.memory),
            "fuel": finished.usage.and_then(|usage| usage.fuel),
        })
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let (job, finished) = (self.job, &self.trial.finished);
        let version = finished.version.as_deref().unwrap_or("unknown");
        let mut text = format!(
            "job {} of queue {}: {}, attempt {} of {}, on {} version {version}\n",
            job.id, job.queue, job.name, job.attempt, job.max_attempts, finished.plugin
        );
        for line in &self.trial.recording.log {
            // Further lines of a message are indented below its first line.
            let message = line.message.replace('\n', &format!("\n{:20}", ""));
            text += &format!("  {:>6} ms  {:<5}  {message}\n", line.at_ms, line.level);
        }
        for progress in &self.trial.recording.progress {
            text += &format!("  progress  {progress}\n");
        }
        if let Some(data) = &self.trial.recording.data {
            text += &format!("  the job's data is now {data}\n");
        }
        for added in &self.trial.recording.added {
            let kind = if added.child { "child" } else { "job" };
            text += &format!("  added {kind} {} of queue {}: {} {}\n", added.id, added.queue, added.name, added.data);
        }
        text + &self.ending() + &self.usage() + self.grants()
    }

    /// If a grant was missing: how to grant it in this command. The failure itself names the line in a configuration.
    fn grants(&self) -> &'static str {
        let failure = self.trial.finished.outcome.failure();
        let asked = |line: &str| failure.is_some_and(|failure| failure.message.contains(line));
        let here = [
            ("to `http` under [plugins.", "for this run: --http ORIGIN, or --config FILE with that line\n"),
            ("add `keyvalue = true` under [plugins.", "for this run: --keyvalue, or --config FILE with that line\n"),
            ("has no PostgreSQL pool ", "for this run: --postgres POOL=URL, or --config FILE with that line\n"),
            (
                " may not connect to ",
                "for this run: --tcp HOST:PORT or --tls HOST:PORT, or --config FILE with that line\n",
            ),
            ("to `add_to` under [plugins.", "for this run: --add-to QUEUE, or --config FILE with that line\n"),
        ];
        here.iter().find(|(line, _)| asked(line)).map_or("", |(_, option)| option)
    }

    fn ending(&self) -> String {
        let after = |delay: &Duration| humantime::format_duration(*delay).to_string();
        match &self.trial.finished.outcome {
            Outcome::Completed(result) => format!("completed: {:#}\n", value(result)),
            Outcome::Retry(failure) | Outcome::Failed(failure) => {
                let next = match &self.trial.finished.outcome {
                    Outcome::Retry(_) if self.job.attempt < self.job.max_attempts => "it would be tried again",
                    Outcome::Retry(_) => "failed: no attempt remains",
                    _ => "failed for good",
                };
                let mut text = format!("{next} ({}): {}\n", failure.kind, failure.message);
                for line in failure.stack.iter().flat_map(|stack| stack.lines()) {
                    text += &format!("  {line}\n");
                }
                text
            }
            Outcome::Deferred(delay) => format!("deferred: it would run again in {}\n", after(delay)),
            Outcome::RateLimited(delay) => format!("rate-limited: its queue would pause for {}\n", after(delay)),
            Outcome::Requeued => "requeued: it would run again as soon as a worker is free\n".to_owned(),
            Outcome::AwaitChildren => {
                "it waits for its children, and would run again when they have ended\n".to_owned()
            }
            other => format!("{}\n", other.label()),
        }
    }

    fn usage(&self) -> String {
        let took = format!("{:.1} ms", self.trial.took.as_secs_f64() * 1000.0);
        let Some(usage) = self.trial.finished.usage else { return format!("took {took}\n") };
        let used = usage.fuel.map_or_else(|| "unknown".to_owned(), |fuel| fuel.to_string());
        let fuel = match self.fuel {
            Some(bound) => format!("{used} of {bound}"),
            None => used,
        };
        let kib = |bytes: u64| bytes.div_ceil(1024);
        let memory = kib(u64::try_from(usage.memory).unwrap_or(u64::MAX));
        format!("took {took}, peak memory {memory} KiB of {}, fuel {fuel}\n", kib(self.memory))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
