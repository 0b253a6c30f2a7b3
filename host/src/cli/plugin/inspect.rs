//! `toril plugin inspect`: shows what a component contains, before a host runs it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::component;
use crate::cli::error::{CliError, CommandResult};
use toril_config::HostSettings;
use toril_sandbox::{self as plugin, Contents, Prepared};

/// Options of `toril plugin inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// The component.
    file: PathBuf,
    /// JSON on standard output, for programs.
    #[arg(long)]
    json: bool,
}

/// Everything known about a component.
struct Known<'a> {
    file: &'a Path,
    size: usize,
    contents: Contents,
    prepared: Prepared,
}

impl Inspect {
    pub async fn run(self, config: Option<&Path>) -> CommandResult {
        // The component is loaded first, as in a host, so that an invalid one causes the same message as there.
        let prepared = component::load_without_grants(&self.file, config).await?;
        let bytes = plugin::read(&self.file, HostSettings::default().max_component).await?;
        let contents = Contents::of(&bytes)
            .map_err(|reason| CliError::failed(format!("{} cannot be read: {reason}", self.file.display())))?;
        let known = Known { file: &self.file, size: bytes.len(), contents, prepared };
        if self.json {
            crate::cli::output::say!("{}", known.json());
        } else {
            crate::cli::output::write(&crate::cli::text::plain(&known.text()));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Known<'_> {
    fn json(&self) -> Value {
        let version = self.prepared.version();
        let jobs: Vec<_> = version
            .jobs
            .sorted()
            .into_iter()
            .map(|(name, job)| json!({ "name": name, "description": job.description, "dataSchema": job.schema, "resultSchema": job.result }))
            .collect();
        json!({
            "plugin": self.prepared.plugin(),
            "version": version.id,
            "sha256": version.digest,
            "bytes": self.size,
            "description": version.jobs.description,
            "producers": self.contents.producers,
            "imports": self.contents.imports,
            "uses": self.contents.uses,
            "exports": self.contents.exports,
            "grants": self.contents.grants(),
            "jobs": jobs,
        })
    }

    fn text(&self) -> String {
        let version = self.prepared.version();
        let mut text = format!("{}: {}\n\n", self.file.display(), version.jobs.description);
        let mut row = |label: &str, value: &str| {
            let _never_fails = writeln!(text, "  {label:<12} {value}");
        };
        row("version", &format!("{} (SHA-256 {})", version.id, version.digest));
        row("size", &size(self.size));
        for (field, names) in &self.contents.producers {
            row(field, &names.iter().map(|(name, version)| called(name, version)).collect::<Vec<_>>().join(", "));
        }
        row("exports", &self.contents.exports.join(", "));
        // What a language engine can reach is of no interest beside what the plugin uses.
        let (label, names) = match &self.contents.uses {
            Some(uses) => ("uses", uses),
            None => ("imports", &self.contents.imports),
        };
        for (at, name) in names.iter().enumerate() {
            row(if at == 0 { label } else { "" }, name);
        }
        text + &self.grants_text() + &self.jobs_text()
    }

    fn grants_text(&self) -> String {
        let grants = self.contents.grants();
        if grants.is_empty() {
            return "\nIt needs nothing from its entry in the configuration.\n".to_owned();
        }
        let mut text = "\nWhat it uses is denied unless its entry in the configuration grants it:\n\n".to_owned();
        text += &format!("  [plugins.{}]\n", self.prepared.plugin());
        text.extend(grants.iter().flat_map(|grant| ["  ", grant.line(), "\n"]));
        text
    }

    fn jobs_text(&self) -> String {
        let jobs = self.prepared.version().jobs.sorted();
        if jobs.is_empty() {
            return "\nIt handles jobs of any name, and their data is not checked.\n".to_owned();
        }
        let mut text = "\nJobs:\n".to_owned();
        for (name, job) in jobs {
            text += &format!("\n  {name}: {}\n", job.description);
            let shown = |schema: &Value| serde_json::to_string_pretty(schema).unwrap_or_else(|_| schema.to_string());
            let data = job.schema.as_ref().map_or_else(|| "its data is not checked".to_owned(), shown);
            let result = job.result.as_ref().map(|schema| format!("and it returns\n{}", shown(schema)));
            let lines = data.lines().chain(result.iter().flat_map(|result| result.lines()));
            text.extend(lines.flat_map(|line| ["    ", line, "\n"]));
        }
        text
    }
}

fn called(name: &str, version: &str) -> String {
    if version.is_empty() { name.to_owned() } else { format!("{name} {version}") }
}

fn size(bytes: usize) -> String {
    if bytes < 1 << 20 {
        return format!("{} KiB ({bytes} bytes)", bytes.div_ceil(1024));
    }
    let tenths = bytes / (1024 * 1024 / 10);
    format!("{}.{} MiB ({bytes} bytes)", tenths / 10, tenths % 10)
}
