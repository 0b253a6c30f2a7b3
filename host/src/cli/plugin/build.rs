//! `toril plugin build`: builds a project, or one file in JavaScript or TypeScript, into a component in the plugins' folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::author::build::{self, BuildError, Built, Input, Placed};
use crate::cli::config_file::{DEFAULT_CONFIG, nearest_config};
use crate::cli::error::{CliError, CommandResult};
use toril_config::{self as config, HostSettings};

/// Options of `toril plugin build`.
#[derive(Debug, Args)]
pub struct Build {
    /// The plugin's project, or one file in JavaScript or TypeScript.
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// The path is a bundle that the SDK for JavaScript made (`toril-plugin-build --bundle`).
    #[arg(long)]
    bundled: bool,
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
        let host = self.host(path)?;
        let out = self.out.unwrap_or(host.plugins);
        let input = if self.bundled { Input::Bundle(self.path) } else { Input::Project(self.path) };
        let built = tokio::task::spawn_blocking(move || build::build(&input, &self.profile, &out, &host.cache)).await;
        let (built, placed) = built.map_err(CliError::failed)?.map_err(|reason| match reason {
            BuildError::NoProject(_) | BuildError::Choice(_) => CliError::wrong(reason),
            _ => CliError::failed(reason),
        })?;
        for note in &built.notes {
            eprintln!("note: {note}");
        }
        crate::cli::output::say!("{}", if self.json { json(&built, &placed) } else { text(&built, &placed) });
        Ok(ExitCode::SUCCESS)
    }

    /// The default configuration, if one exists: in the current folder, or otherwise the one nearest to the project.
    fn config(&self) -> Option<PathBuf> {
        let here = Path::new(DEFAULT_CONFIG);
        if here.is_file() {
            return Some(here.to_owned());
        }
        let folder = if self.path.is_file() { self.path.parent().unwrap_or(Path::new("")) } else { &self.path };
        nearest_config(folder)
    }

    /// The folders of the configuration. With `--out`, a configuration with errors is ignored.
    fn host(&self, path: Option<&Path>) -> Result<HostSettings, CliError> {
        let config = path.map(Path::to_owned).or_else(|| self.config());
        let host = config.map_or_else(|| Ok(HostSettings::default()), |config| config::load_host(&config));
        match host {
            Err(_) if self.out.is_some() => Ok(HostSettings::default()),
            host => host.map_err(CliError::problems),
        }
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
