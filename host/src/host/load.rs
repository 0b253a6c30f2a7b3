//! Loads the plugins of a configuration, and reports those that cannot be used with the line that names them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use tokio::task::JoinSet;

use toril_config::{self as config, Config, Problem, Problems};
use toril_sandbox::{LoadError, Plugins, Prepared};

/// Loads the plugins that queues name and that `wanted` accepts, in parallel. Returns all errors, if there are any.
pub async fn prepare(
    plugins: &Arc<Plugins>,
    config: &Config,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Prepared>, Problems> {
    let mut loading = JoinSet::new();
    let names: BTreeSet<_> = config.queues.values().map(|queue| queue.plugin.clone()).collect();
    for name in names.into_iter().filter(|name| wanted(name)) {
        let (plugins, entry) = (plugins.clone(), config.plugin(&name));
        loading.spawn(async move {
            let prepared = plugins.prepare(&name, &entry).await;
            (name, prepared)
        });
    }
    let mut ready = Vec::new();
    let mut problems = Vec::new();
    for (name, prepared) in loading.join_all().await {
        match prepared {
            Ok(prepared) => ready.push(prepared),
            Err(error) => problems.push(unusable(config, &name, &error)),
        }
    }
    ready.sort_by(|a, b| a.plugin().cmp(b.plugin()));
    if problems.is_empty() { Ok(ready) } else { Err(Problems::new(&config.path, problems)) }
}

/// Checks whether these plugins, which are in use, could use their new entries.
pub fn check_entries(config: &Config, plugins: &[String]) -> Result<(), Problems> {
    let problem = |name: &String| {
        let error = Plugins::check_entry(name, &config.plugin(name)).err()?;
        Some(unusable(config, name, &error))
    };
    let problems: Vec<_> = plugins.iter().filter_map(problem).collect();
    if problems.is_empty() { Ok(()) } else { Err(Problems::new(&config.path, problems)) }
}

/// The problem of a plugin that cannot be used, at the first line that names it.
fn unusable(config: &Config, plugin: &str, error: &LoadError) -> Problem {
    let queue = config.queues.iter().find(|(_, queue)| queue.plugin == plugin);
    let queue = queue.map_or("", |(name, _)| name.as_str());
    if let LoadError::Pool(problem) = error {
        return config.problem(&["plugins", plugin, "postgres", problem.pool()], problem.to_string(), None);
    }
    let help = if matches!(error, LoadError::Missing(_)) { advice(config, plugin) } else { None };
    config.problem(&["queues", queue, "plugin"], format!("plugin {plugin} cannot be used: {error}"), help)
}

/// Files that identify a folder as a plugin project.
const MANIFESTS: [&str; 3] = ["Cargo.toml", "package.json", "pyproject.toml"];

/// Advice for the author of the configuration, if a nearby file or name could be what was meant.
fn advice(config: &Config, plugin: &str) -> Option<String> {
    let project = config.path.parent().unwrap_or(Path::new("")).join(plugin);
    if MANIFESTS.iter().any(|manifest| project.join(manifest).is_file()) {
        return Some(format!("build its project with `toril plugin build {}`", project.display()));
    }
    let there = components(&config.host.plugins);
    let there: Vec<&str> = there.iter().map(String::as_str).collect();
    config::nearest(plugin, &there).map(|meant| format!("did you mean `{meant}`, whose component is there?"))
}

/// The names of the components in a folder.
fn components(folder: &Path) -> Vec<String> {
    // If the folder cannot be read, there are no suggestions. The missing component itself is reported in any case.
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "wasm"));
    paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
}
