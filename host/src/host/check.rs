//! The checks that need no running host: `toril check` makes all of them, and a start the first.

use std::sync::Arc;

use super::error::StartError;
use super::load;
use toril_config::{Config, Problem, Problems};
use toril_job::QueueName;
use toril_sandbox::{Plugins, Prepared};

/// What `check` found in a configuration that can be used.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The plugins, by name.
    pub plugins: Vec<CheckedPlugin>,
    /// Settings that are allowed but are probably mistakes. Contains the warnings of the configuration.
    pub warnings: Vec<Problem>,
}

/// A plugin that `check` found usable.
#[derive(Clone, Debug)]
pub struct CheckedPlugin {
    /// Its name.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// The description in its metadata.
    pub description: String,
    /// The names of the jobs that it handles. Empty: it accepts any name.
    pub jobs: Vec<String>,
}

impl CheckedPlugin {
    fn new(prepared: &Prepared) -> Self {
        let version = prepared.version();
        let mut jobs: Vec<_> = version.jobs.iter().map(|(name, _)| name.to_owned()).collect();
        jobs.sort_unstable();
        Self {
            plugin: prepared.plugin().to_owned(),
            version: version.id.clone(),
            description: version.jobs.description.clone(),
            jobs,
        }
    }
}

/// Loads every plugin of a configuration without running it. `toril check` calls this after it has read the
/// configuration.
pub async fn check(config: &Config) -> Result<Checked, StartError> {
    guarded(config)?;
    let engine = Arc::new(Plugins::start(&config.host)?);
    let prepared = load::prepare(&engine, config, |_| true).await.map_err(StartError::Load)?;
    let plugins: Vec<_> = prepared.iter().map(CheckedPlugin::new).collect();
    let mut warnings = config.warnings.clone();
    warnings.extend(unknown_jobs(config, &plugins));
    warnings.sort_by_key(|warning| (warning.line, warning.column));
    Ok(Checked { plugins, warnings })
}

/// Rejects a configuration that lets unauthenticated clients change queues.
pub fn guarded(config: &Config) -> Result<(), StartError> {
    if !config.host.is_unguarded() {
        return Ok(());
    }
    let message =
        "`listen` under [host] is an address that other machines can reach, and any of them could change queues";
    let help = "set TORIL_ADMIN_TOKEN to a secret of at least 16 characters, or set `admin = \"read-only\"` or `admin = \"off\"` under [host], or listen on 127.0.0.1";
    let problem = config.problem(&["host", "listen"], message, Some(help.to_owned()));
    Err(StartError::Unguarded(Problems::new(&config.path, vec![problem])))
}

/// Webhooks and schedules whose jobs the queue's plugin does not describe: it would fail each of these jobs. These are
/// warnings, because a plugin may handle more jobs than it describes.
fn unknown_jobs(config: &Config, plugins: &[CheckedPlugin]) -> Vec<Problem> {
    let warning = |path: &[&str], queue: &QueueName, job: &str| {
        let plugin = &config.queues.get(queue)?.plugin;
        let known = &plugins.iter().find(|known| known.plugin == *plugin)?.jobs;
        if known.is_empty() || known.iter().any(|name| name == job) {
            return None;
        }
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        let meant = toril_config::nearest(job, &names).map(|name| format!("did you mean {name:?}? "));
        let help = format!("{}It describes: {}", meant.unwrap_or_default(), names.join(", "));
        let message =
            format!("plugin {plugin} of queue {queue:?} describes no job named {job:?}, which {} adds", path.join("."));
        Some((message, help))
    };
    let mut warnings = Vec::new();
    for (name, webhook) in &config.webhooks {
        if let Some((message, help)) = warning(&["webhooks", name], &webhook.queue, &webhook.name) {
            warnings.push(config.warning(&["webhooks", name, "name"], message, Some(help)));
        }
    }
    for (queue, settings) in &config.queues {
        for (id, schedule) in &settings.schedules {
            let path = ["queues", queue.as_str(), "schedules", id];
            if let Some((message, help)) = warning(&path, queue, schedule.name.as_deref().unwrap_or(id)) {
                warnings.push(config.warning(
                    &["queues", queue.as_str(), "schedules", id, "name"],
                    message,
                    Some(help),
                ));
            }
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use toril_config::{Env, Severity, parse};

    const CONFIG: &str = r#"
[queues.mail]
plugin = "mailer"
schedules.nightly = { pattern = "0 3 * * *", name = "send" }
schedules.dijest = { pattern = "0 4 * * *" }
[webhooks.orders]
queue = "mail"
name = "sned"
signature = "github"
secret = "env:KEY"
"#;

    fn warnings(jobs: &[&str]) -> Vec<Problem> {
        let env = Env::of([("KEY", "secret-of-the-webhook")]);
        let config = parse(CONFIG, Path::new("queues.toml"), &env).unwrap_or_else(|error| panic!("{error}"));
        let jobs = jobs.iter().map(|job| (*job).to_owned()).collect();
        let plugin =
            CheckedPlugin { plugin: "mailer".to_owned(), version: "1".to_owned(), description: String::new(), jobs };
        unknown_jobs(&config, &[plugin])
    }

    #[test]
    fn a_webhook_and_a_schedule_whose_job_the_plugin_does_not_describe_are_warnings_at_their_lines() {
        let warnings = warnings(&["digest", "send"]);
        let found: Vec<_> = warnings.iter().map(|warning| (warning.line, warning.severity)).collect();
        assert_eq!(found, [(8, Severity::Warning), (5, Severity::Warning)]);
        let (webhook, schedule) = (warnings[0].to_string(), warnings[1].to_string());
        assert!(webhook.contains("describes no job named \"sned\", which webhooks.orders adds"), "{webhook}");
        assert!(webhook.contains("did you mean \"send\"? It describes: digest, send"), "{webhook}");
        assert!(schedule.contains("did you mean \"digest\"?"), "{schedule}");
    }

    #[test]
    fn a_plugin_that_describes_no_job_accepts_any() {
        assert!(warnings(&[]).is_empty());
    }
}
