//! GitHub as it was recorded: the scenarios of `@octokit/fixtures`.

use serde_json::{Value, json};

use crate::node::{self, Script};
use crate::paths;

/// The token that the scenarios were recorded with.
pub const TOKEN: &str = "0000000000000000000000000000000000000001";

/// A server of one scenario. Dropped, it ends.
#[derive(Debug)]
pub struct Recorded {
    url: String,
    _script: Script,
}

impl Recorded {
    /// Where its API is, which is below the root of its server: `http://127.0.0.1:PORT/api.github.com/ID`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Scheme, host and port of that.
    pub fn origin(&self) -> String {
        self.url.split('/').take(3).collect::<Vec<_>>().join("/")
    }
}

/// Serves a scenario. Its answers come once, in the order in which they were recorded.
pub async fn serve(scenario: &str) -> Recorded {
    let mut script = node::spawn_in(&paths::github(), "recorded", json!({ "scenario": scenario }), &[]);
    let ready = script.wait_ready().await;
    let url = ready["url"].as_str().map(str::to_owned);
    Recorded { url: url.unwrap_or_else(|| panic!("recorded.mjs named no address: {ready}")), _script: script }
}

/// Runs the example in Node that reads what is kept, and returns what it prints, which is JSON.
pub async fn read_from_node(redis: &str, namespace: &str, repo: &str) -> Value {
    let argument = json!({ "redis": redis, "namespace": namespace, "repo": repo });
    node::spawn_in(&paths::github(), "read", argument, &[]).finish().await
}
