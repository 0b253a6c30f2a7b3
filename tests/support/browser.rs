//! The scripts of `tests/browser`, which test the dashboard in a real browser.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::{Toril, node, paths};

/// A browser is slow on a busy machine.
const BOUND: Duration = Duration::from_secs(600);

/// Runs `tests/browser/SCRIPT.mjs` on a host's dashboard to its end, and returns the JSON of its last line. Panics
/// with the script's output if it fails. If `TORIL_PICTURES` is set, screenshots of the pages go to
/// `target/screenshots`.
pub async fn run(script: &str, toril: &Toril, more: Value) -> Value {
    let mut argument = json!({
        "base": toril.url(""),
        "chromium": chromium(),
    });
    if env::var_os("TORIL_PICTURES").is_some() {
        argument["pictures"] = json!(paths::root().join("target/screenshots"));
    }
    if let (Value::Object(argument), Value::Object(more)) = (&mut argument, more) {
        argument.extend(more);
    }
    run_plain(script, argument, &[]).await
}

/// Runs a script that needs no browser, with one JSON argument and environment variables.
pub async fn run_plain(script: &str, argument: Value, env: &[(&str, &str)]) -> Value {
    node::spawn_in(&paths::browser(), script, argument, env).finish_within(BOUND).await
}

/// `TORIL_CHROMIUM` names a browser to use instead of the one on `PATH`.
fn chromium() -> PathBuf {
    let chosen = env::var_os("TORIL_CHROMIUM").map(PathBuf::from);
    let found = chosen
        .or_else(|| ["chromium", "chromium-browser", "google-chrome"].iter().find_map(|name| paths::on_path(name)));
    found.unwrap_or_else(|| panic!("Chromium was not found: run `cargo xtask setup --tests`"))
}
