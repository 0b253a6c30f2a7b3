//! Building a small plugin in TypeScript: the time, the component's size, and the time from an edit to the end of the
//! first job on the new version.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use toril_tests::toril::engine_cache;
use toril_tests::{Toril, repository};

use crate::rounds::{Measured, Missing, median, progress};

/// Builds that do not count. They fill the caches.
const UNCOUNTED: usize = 2;
/// Time after which an edit has failed.
const EDIT: Duration = Duration::from_secs(60);
/// The host treats changes that are close together as one.
const PAUSE: Duration = Duration::from_millis(500);

/// The figures, with medians of the times.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Milliseconds of `toril plugin build` after a change.
    pub build: Measured<f64>,
    /// Bytes of the component.
    pub size: Measured<f64>,
    /// Milliseconds from an edit to the end of the first job on the new version, under `toril dev --project`.
    pub edit: Measured<f64>,
}

/// Measures them in this many rounds.
pub async fn measure(rounds: usize) -> Figures {
    let kept = |what: &str, error: anyhow::Error| {
        progress(format!("{what}: {error:#}"));
        Missing::Failed
    };
    let built = builds(rounds).await.map_err(|error| kept("building", error));
    let edit = edits(rounds).await.map_err(|error| kept("edits", error));
    Figures { build: built.map(|(took, _)| took), size: built.map(|(_, size)| size), edit }
}

/// A project whose plugin returns the number of its version.
struct Project {
    toril: Toril,
    folder: PathBuf,
}

impl Project {
    fn new() -> Result<Self> {
        let toril = Toril::new().config("[queues.bench]\nplugin = \"edited\"\n").cache(engine_cache());
        let folder = toril.folder().join("project");
        let programs = folder.join("node_modules/.bin");
        fs::create_dir_all(&programs).context("could not create the project")?;
        fs::create_dir_all(folder.join("src")).context("could not create the project")?;
        let bundler = repository().join("sdk/js/bin/toril-plugin-build.js");
        symlink(bundler, programs.join("toril-plugin-build")).context("could not link the bundler")?;
        fs::write(folder.join("package.json"), r#"{ "name": "edited", "type": "module" }"#)
            .context("could not write package.json")?;
        let project = Self { toril, folder };
        project.edit(0)?;
        Ok(project)
    }

    fn edit(&self, version: usize) -> Result<()> {
        let source = format!(
            "import type {{ Job }} from '@toril/plugin';\n\
             type Greeting = {{ name: string }};\n\
             export const jobs = {{\n\
               version: {{ handle: () => {version} }},\n\
               greet: {{ handle: (job: Job<Greeting>) => ({{ text: `Hello, ${{job.data.name}}!` }}) }},\n\
             }};\n"
        );
        fs::write(self.folder.join("src/plugin.ts"), source).context("could not write the source")
    }
}

async fn builds(rounds: usize) -> Result<(f64, f64)> {
    let project = Project::new()?;
    let mut times = Vec::new();
    for round in 1..=rounds + UNCOUNTED {
        project.edit(round)?;
        let started = Instant::now();
        let built = project.toril.cli(["plugin", "build", "project", "--out", "plugins"]).await;
        let took = started.elapsed().as_secs_f64() * 1000.0;
        ensure!(built.code == Some(0), "`toril plugin build` failed: {}", built.stderr);
        if round > UNCOUNTED {
            progress(format!("build, round {} of {rounds}: {took:.0} ms", round - UNCOUNTED));
            times.push(took);
        }
    }
    let size = fs::metadata(project.toril.plugin_path("edited")).context("no component")?.len();
    Ok((median(times), size as f64))
}

async fn edits(rounds: usize) -> Result<f64> {
    let mut project = Project::new()?;
    let folder = project.folder.display().to_string();
    project.toril.start(["dev", "--project", folder.as_str()]);
    until(&project, 0).await?;
    let mut times = Vec::new();
    for round in 1..=rounds + UNCOUNTED {
        tokio::time::sleep(PAUSE).await;
        let started = Instant::now();
        project.edit(round)?;
        until(&project, round).await?;
        let took = started.elapsed().as_secs_f64() * 1000.0;
        if round > UNCOUNTED {
            progress(format!("edit to first job, round {} of {rounds}: {took:.0} ms", round - UNCOUNTED));
            times.push(took);
        }
    }
    project.toril.kill();
    Ok(median(times))
}

/// Runs jobs until one has run on this version.
async fn until(project: &Project, version: usize) -> Result<()> {
    let wanted = version.to_string();
    let started = Instant::now();
    while started.elapsed() < EDIT {
        let added = project.toril.cli(["add", "--dev", "bench", "version", "--wait"]).await;
        if added.code == Some(0) && added.stdout.trim() == wanted {
            return Ok(());
        }
    }
    bail!("no job ran on version {version}: {}", project.toril.logs())
}
