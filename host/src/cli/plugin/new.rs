//! `toril plugin new`: creates a project that builds and passes its own test at once.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::author::template::{self, Language, TemplateError};
use crate::cli::config_file::nearest_config;
use crate::cli::error::{CliError, CommandResult};
use toril_config::{self as config, HostSettings};

/// Options of `toril plugin new`.
#[derive(Debug, Args)]
pub struct New {
    /// The plugin's name, as in github-sync.
    name: String,
    /// What it is written in.
    #[arg(long, value_enum)]
    lang: Language,
    /// The folder to write [default: the plugin's name].
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// The folder of the language's SDK in a checkout of Toril, instead of the published one.
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

impl New {
    pub fn run(self) -> CommandResult {
        let folder = self.path.unwrap_or_else(|| PathBuf::from(&self.name));
        let written = template::write(self.lang, &self.name, &folder, self.sdk.as_deref());
        written.map_err(|reason| match reason {
            TemplateError::Write { .. } => CliError::failed(reason),
            _ => CliError::wrong(reason),
        })?;
        crate::cli::output::write(&next(self.lang, &self.name, &folder, &plugins(&folder)));
        if self.sdk.is_none() {
            let sdk = self.lang.sdk();
            eprintln!("note: the SDK is not published yet, so this will not install: use --sdk PATH/TO/toril/{sdk}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The folder where `toril plugin build` puts the component, relative to the project if possible.
fn plugins(project: &Path) -> PathBuf {
    let host = nearest_config(project).and_then(|config| config::load_host(&config).ok());
    let Some(host) = host else { return HostSettings::default().plugins };
    host.plugins.strip_prefix(project).map(Path::to_owned).unwrap_or(host.plugins)
}

fn next(language: Language, name: &str, folder: &Path, plugins: &Path) -> String {
    let test = match language {
        Language::Rust => "rustup target add wasm32-unknown-unknown\n  cargo test",
        Language::Js => "npm install\n  npm test\n  npm run check",
        Language::Python => "python3 -m venv .venv\n  .venv/bin/pip install -r requirements.txt\n  .venv/bin/pytest",
    };
    format!(
        "{} is a {} plugin now. From here:\n\n  cd {}\n  {test}\n  toril plugin build\n  \
         toril plugin test {}/{name}.wasm --job job.json\n\nREADME.md there says how to run it on a queue.\n",
        folder.display(),
        language.name(),
        folder.display(),
        plugins.display()
    )
}
