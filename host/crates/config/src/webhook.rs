//! `[webhooks.NAME]`: external requests that add jobs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::pointer::Pointer;
use super::signing_key::SigningKey;
use toril_job::QueueName;

/// Which requests to `/webhooks/NAME` are accepted, and which job each of them adds.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// The queue to add the jobs to. It has an entry under `[queues]`.
    pub queue: QueueName,
    /// The name of the jobs.
    pub name: String,
    /// The signature scheme of the requests.
    pub signature: SignatureForm,
    /// The key of the signatures.
    pub key: SigningKey,
    /// The events that add a job. None: all events.
    pub events: Option<Vec<String>>,
    /// The data of the jobs.
    pub data: WebhookData,
    /// How jobs are deduplicated. Default: not at all.
    pub deduplication: Option<EventDeduplication>,
    /// The delay of the jobs. None: no delay.
    pub delay: Option<Duration>,
    /// The priority of the jobs. None: no priority.
    pub priority: Option<u32>,
    /// The largest body of a request, in bytes. Default 8 MiB, from 1 KiB to 25 MiB. 25 MiB is the most that GitHub
    /// sends.
    pub max_body: u64,
}

/// The signature scheme of a request. Both schemes use HMAC-SHA256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureForm {
    /// GitHub's scheme: `X-Hub-Signature-256` signs the body.
    GitHub,
    /// The Standard Webhooks scheme: `webhook-signature` signs `webhook-id`, `webhook-timestamp` and the body.
    Standard,
}

/// The data of a webhook's jobs.
#[derive(Clone, Debug, PartialEq)]
pub enum WebhookData {
    /// The body of the request.
    Body,
    /// A JSON object.
    Members {
        /// Members whose values are taken from the body, by name.
        pointers: BTreeMap<String, Pointer>,
        /// Members with the same value in every job. No name is also in `pointers`.
        constants: Map<String, Value>,
    },
}

/// BullMQ's deduplication, with an id taken from the body of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDeduplication {
    /// The value to use as the id: a string, a number or a boolean.
    pub id: Pointer,
    /// How long BullMQ ignores duplicates. None: until the job finishes.
    pub ttl: Option<Duration>,
    /// Whether each duplicate restarts `ttl`.
    pub extend: bool,
    /// Whether the next job replaces a delayed one.
    pub replace: bool,
    /// Whether the last duplicate that arrived while a job was active is added when that job finishes.
    pub keep_last_if_active: bool,
}
