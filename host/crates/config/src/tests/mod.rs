//! Tests of whole files.

mod changes;
mod environment;
mod example;
pub mod keys;
mod mistakes;
mod reports;
mod secrets;
mod webhooks;

use std::path::Path;

use super::{Config, Env, LoadError, Problems, parse};

/// The smallest valid file.
const SMALLEST: &str = "[queues.a]\nplugin = \"a\"\n";

fn nothing() -> Env {
    Env::of::<&str, &str>([])
}

fn config(text: &str, env: &Env) -> Config {
    parse(text, Path::new("queues.toml"), env).unwrap()
}

fn problems(text: &str, env: &Env) -> Problems {
    match parse(text, Path::new("queues.toml"), env) {
        Err(LoadError::Invalid(problems)) => problems,
        other => panic!("{text}\nwas not refused for its content: {other:?}"),
    }
}

/// The smallest file with additional lines in its queue. They start at line 3.
fn queue(lines: &str) -> String {
    format!("{SMALLEST}{lines}\n")
}

/// The smallest file with additional lines after it. They start at line 3.
fn section(lines: &str) -> String {
    queue(lines)
}
