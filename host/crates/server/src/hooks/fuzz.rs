//! Fuzz targets for requests from outside: their headers and bodies, without their effects.

use std::path::Path;
use std::time::SystemTime;

use axum::http::HeaderMap;

use super::event;
use super::signature::{Signed, delivery};
use toril_config::{Config, Env, WebhookData, parse};

const CONFIG: &str = r#"
[queues.q]
plugin = "p"
[webhooks.github]
queue = "q"
name = "n"
signature = "github"
secret = "env:KEY"
events = ["push"]
data = { a = "/a", b = "/b/0" }
deduplication = "/a"
[webhooks.standard]
queue = "q"
name = "n"
signature = "standard"
secret = "env:KEY"
"#;

/// A webhook request from a sender who does not know the secret.
pub fn webhook(headers: &HeaderMap, body: &[u8]) {
    let Some(config) = config() else { return };
    for (name, webhook) in &config.webhooks {
        if let Ok(signed) = Signed::read(webhook.signature, headers) {
            let checked = signed.check(&webhook.key, body, SystemTime::now());
            assert!(checked.is_err(), "a request is signed by nobody");
        }
        let _wanted = event::is_wanted(webhook, headers);
        let Ok(document) = event::document(headers, body) else { continue };
        let _wanted = event::is_wanted_by_body(webhook, &document);
        let Ok(job) = event::job(name, webhook, document, delivery(webhook.signature, headers)) else { continue };
        if let WebhookData::Members { pointers, .. } = &webhook.data {
            assert!(pointers.keys().all(|member| job.data.get(member).is_some()), "a member of the data is missing");
        }
    }
}

fn config() -> Option<Config> {
    let env = Env::of([("KEY", "whsec_c29tZXRoaW5nIHRoYXQgbm9ib2R5IGtub3dz")]);
    parse(CONFIG, Path::new("queues.toml"), &env).ok()
}
