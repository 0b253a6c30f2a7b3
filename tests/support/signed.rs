//! Requests to webhooks and callbacks, signed as their senders sign them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Toril;
use crate::http::{self, Response};

/// What GitHub sends with a request, beside the body: the name of the event, and the id of the delivery.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// `X-GitHub-Event`.
    pub event: &'a str,
    /// `X-GitHub-Delivery`.
    pub id: &'a str,
}

/// Sends a request as GitHub does, signed with this secret.
pub async fn github(toril: &Toril, webhook: &str, secret: &str, delivery: Delivery<'_>, body: &str) -> Response {
    let signature = github_signature(secret, body);
    let headers = [
        ("content-type", "application/json"),
        ("user-agent", "GitHub-Hookshot/044aadd"),
        ("x-github-event", delivery.event),
        ("x-github-delivery", delivery.id),
        ("x-hub-signature-256", &signature),
    ];
    post(toril, &format!("/webhooks/{webhook}"), &headers, body).await
}

/// `X-Hub-Signature-256` of a body.
pub fn github_signature(secret: &str, body: &str) -> String {
    format!("sha256={}", hex::encode(mac(secret.as_bytes(), body)))
}

/// Sends a request of Standard Webhooks, signed with this key at this time, in seconds since the Unix epoch.
pub async fn standard(toril: &Toril, webhook: &str, key: &[u8], id: &str, time: u64, body: &str) -> Response {
    let signature = format!("v1,{}", STANDARD.encode(mac(key, &format!("{id}.{time}.{body}"))));
    let time = time.to_string();
    let headers = [("webhook-id", id), ("webhook-timestamp", &time), ("webhook-signature", &signature)];
    post(toril, &format!("/webhooks/{webhook}"), &headers, body).await
}

/// The secret of Standard Webhooks that stands for a key.
pub fn standard_secret(key: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(key))
}

/// The token of the callback of a job.
pub fn token(secret: &str, queue: &str, id: &str) -> String {
    hex::encode(mac(secret.as_bytes(), &format!("{queue}\n{id}")))
}

/// Sends a POST with any headers.
pub async fn post(toril: &Toril, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
    http::request("POST", &toril.url(path), headers, body).await.unwrap_or_else(|error| panic!("{error:#}"))
}

fn mac(key: &[u8], message: &str) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key);
    let mut mac = mac.unwrap_or_else(|error| panic!("no key: {error}"));
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
