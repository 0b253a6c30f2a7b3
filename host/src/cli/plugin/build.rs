//! `toril plugin build`: builds a project into a component in the plugins' folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::author::build::{self, BuildError, Built, Placed};
use crate::cli::config_file::{DEFAULT_CONFIG, nearest_config};
use crate::cli::error::{CliError, CommandResult};
use toril_config as config;

/// Options of `toril plugin build`.
#[derive(Debug, Args)]
pub struct Build {
    /// The plugin's project.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// The folder for the component [default: `plugins` under [host] of the configuration, or plugins].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Cargo's profile, for a Rust plugin.
    #[arg(long, value_name = "NAME", default_value = "release")]
    profile: String,
    /// JSON on standard output, for programs.
    #[arg(long)]
    json: bool,
}

impl Build {
    pub async fn run(self, path: Option<&Path>) -> CommandResult {
        let out = self.out(path)?;
        let built = tokio::task::spawn_blocking(move || build::build(&self.folder, &self.profile, &out)).await;
        let (built, placed) = built.map_err(CliError::failed)?.map_err(|reason| match reason {
            BuildError::NoProject(_) | BuildError::Choice(_) => CliError::wrong(reason),
            _ => CliError::failed(reason),
        })?;
        if let Some(note) = built.note {
            eprintln!("note: {note}");
        }
        crate::cli::output::say!("{}", if self.json { json(&built, &placed) } else { text(&built, &placed) });
        Ok(ExitCode::SUCCESS)
    }

    /// The default configuration, if one exists: in the current folder, or otherwise the one nearest to the project.
    fn config(&self) -> Option<PathBuf> {
        let here = Path::new(DEFAULT_CONFIG);
        if here.is_file() { Some(here.to_owned()) } else { nearest_config(&self.folder) }
    }

    /// The folder for the component.
    fn out(&self, path: Option<&Path>) -> Result<PathBuf, CliError> {
        if let Some(out) = &self.out {
            return Ok(out.clone());
        }
        let config = path.map(Path::to_owned).or_else(|| self.config());
        let Some(config) = config else { return Ok(config::HostSettings::default().plugins) };
        let host = config::load_host(&config);
        host.map(|host| host.plugins).map_err(CliError::problems)
    }
}

fn json(built: &Built, placed: &Placed) -> String {
    let document = serde_json::json!({
        "plugin": built.name,
        "file": placed.path.display().to_string(),
        "bytes": built.bytes.len(),
        "changed": placed.changed,
    });
    document.to_string()
}

fn text(built: &Built, placed: &Placed) -> String {
    let state = if placed.changed { "written" } else { "unchanged" };
    let kib = built.bytes.len().div_ceil(1024);
    format!("{} is {state}: {kib} KiB, by {}", placed.path.display(), built.by)
}
