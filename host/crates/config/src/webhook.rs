//! `[webhooks.NAME]`: requests from outside that add jobs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::pointer::Pointer;
use super::signing_key::SigningKey;

/// Which requests to `/webhooks/NAME` are taken, and what job each of them adds.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// The queue that jobs are added to. It has an entry under `[queues]`.
    pub queue: String,
    /// The name of the jobs.
    pub name: String,
    /// How requests are signed.
    pub signature: SignatureForm,
    /// What they are signed with.
    pub key: SigningKey,
    /// The events that add a job. None: all of them.
    pub events: Option<Vec<String>>,
    /// The data of the jobs.
    pub data: WebhookData,
    /// Which jobs count as the same. Default: none do.
    pub deduplication: Option<EventDeduplication>,
    /// The delay of the jobs. None: they have none.
    pub delay: Option<Duration>,
    /// The priority of the jobs. None: they have none.
    pub priority: Option<u32>,
    /// The largest body of a request, in bytes. Default 8 MiB, from 1 KiB to 25 MiB, which is the most that GitHub
    /// sends.
    pub max_body: u64,
}

/// How a request is signed. Both forms are HMAC-SHA256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureForm {
    /// GitHub's: `X-Hub-Signature-256` signs the body.
    GitHub,
    /// That of Standard Webhooks: `webhook-signature` signs `webhook-id`, `webhook-timestamp` and the body.
    Standard,
}

/// The data of a webhook's jobs.
#[derive(Clone, Debug, PartialEq)]
pub enum WebhookData {
    /// The body of the request.
    Body,
    /// An object.
    Members {
        /// Members whose values come from the body, by name.
        pointers: BTreeMap<String, Pointer>,
        /// Members that are the same in each job. None of their names is in `pointers` too.
        constants: Map<String, Value>,
    },
}

/// BullMQ's deduplication, with an id that is made from the body of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDeduplication {
    /// The value that the id is made of: a text, a number or a boolean.
    pub id: Pointer,
    /// For how long further jobs are held back. None: until the job ends.
    pub ttl: Option<Duration>,
    /// Whether each further job starts that time anew.
    pub extend: bool,
    /// Whether a delayed job is replaced by the next one.
    pub replace: bool,
    /// Whether the last job that was held back since the first one started is added when that one ends.
    pub keep_last_if_active: bool,
}
