//! Determines the event of a request, and the job that it adds.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::refusal::Refusal;
use toril_bullmq::admin::{Deduplication, NewJob, NewJobOptions};
use toril_config::{EventDeduplication, Pointer, SignatureForm, Webhook, WebhookData};

const GITHUB_EVENT: HeaderName = HeaderName::from_static("x-github-event");
/// The event that GitHub sends when a webhook is created.
const PING: &str = "ping";
/// The longest delivery id that becomes part of the job's id unchanged. Longer ones are hashed.
const LONGEST_DELIVERY: usize = 128;
/// The longest value, in bytes, that becomes part of a deduplication id unchanged. Longer ones are hashed, because the
/// id is part of a Redis key and of the job.
const LONGEST_VALUE: usize = 512;

/// Whether the event of the request adds a job, as far as the headers can tell.
pub fn is_wanted(webhook: &Webhook, headers: &HeaderMap) -> Result<bool, Refusal> {
    if webhook.signature != SignatureForm::GitHub {
        return Ok(true);
    }
    let event = headers.get(GITHUB_EVENT).and_then(|event| event.to_str().ok());
    match (event, &webhook.events) {
        (Some(PING), _) => Ok(false),
        (_, None) => Ok(true),
        (Some(event), Some(wanted)) => Ok(wanted.iter().any(|wanted| wanted == event)),
        (None, Some(_)) => {
            Err(Refusal::Malformed("the request has no `X-GitHub-Event`, and this webhook takes some events only"))
        }
    }
}

/// Whether the event of the request adds a job, as far as the body can tell.
pub fn is_wanted_by_body(webhook: &Webhook, document: &Value) -> Result<bool, Refusal> {
    let Some(wanted) = webhook.events.as_ref().filter(|_| webhook.signature == SignatureForm::Standard) else {
        return Ok(true);
    };
    match document.get("type").and_then(Value::as_str) {
        Some(event) => Ok(wanted.iter().any(|wanted| wanted == event)),
        None => Err(Refusal::Unusable("the body has no text at \"/type\", which names the event".to_owned())),
    }
}

/// The body as JSON. GitHub can also send the JSON as a form field.
pub fn document(headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let no_json = || Refusal::Malformed("the body is not JSON");
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let field = form_urlencoded::parse(body).find(|(name, _)| name == "payload");
        return field.and_then(|(_, payload)| serde_json::from_str(&payload).ok()).ok_or_else(no_json);
    }
    serde_json::from_slice(body).map_err(|_| no_json())
}

/// The job that an event adds to the webhook's queue. `delivery`: the sender's id of the request.
pub fn job(name: &str, webhook: &Webhook, document: Value, delivery: Option<&str>) -> Result<NewJob, Refusal> {
    let deduplication =
        webhook.deduplication.as_ref().map(|wanted| deduplication(name, wanted, &document)).transpose()?;
    let data = match &webhook.data {
        WebhookData::Body => document,
        WebhookData::Members { pointers, constants } => {
            let mut data = constants.clone();
            for (member, pointer) in pointers {
                data.insert(member.clone(), found(pointer, &document, &format!("`data.{member}`"))?.clone());
            }
            Value::Object(data)
        }
    };
    let opts = NewJobOptions {
        job_id: delivery.map(|delivery| job_id(name, delivery)),
        delay: webhook.delay.map(milliseconds),
        priority: webhook.priority,
        deduplication,
        ..NewJobOptions::default()
    };
    Ok(NewJob { name: webhook.name.clone(), data, opts })
}

/// The job's id. It depends on the delivery, so that a repeated delivery adds no second job. Different webhooks never
/// make the same id, because one sender must not be able to suppress the jobs of another. So the name must not contain
/// the separator: without that, delivery `b-1` of webhook `a` and delivery `1` of `a-b` would be the same job. `~` does
/// not occur in names.
fn job_id(name: &str, delivery: &str) -> String {
    let name = name.replace('-', "~");
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match delivery.len() <= LONGEST_DELIVERY && delivery.chars().all(fits) {
        true => format!("{name}-{delivery}"),
        false => format!("{name}-{}", hex::encode(Sha256::digest(delivery))),
    }
}

fn deduplication(name: &str, wanted: &EventDeduplication, document: &Value) -> Result<Deduplication, Refusal> {
    let value = match found(&wanted.id, document, "`deduplication`")? {
        Value::String(text) => text.clone(),
        value @ (Value::Number(_) | Value::Bool(_)) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            let pointer = wanted.id.to_string();
            let why = format!(
                "the value at {pointer:?}, to which `deduplication` points, is not text, a number or a boolean"
            );
            return Err(Refusal::Unusable(why));
        }
    };
    let value = match value.len() <= LONGEST_VALUE {
        true => value,
        false => hex::encode(Sha256::digest(value)),
    };
    Ok(Deduplication {
        // The id contains the webhook's name, so that jobs of two webhooks are never duplicates of each other.
        id: format!("{name}:{value}"),
        ttl: wanted.ttl.map(milliseconds),
        extend: wanted.extend.then_some(true),
        replace: wanted.replace.then_some(true),
        keep_last_if_active: wanted.keep_last_if_active.then_some(true),
    })
}

fn found<'v>(pointer: &Pointer, document: &'v Value, key: &str) -> Result<&'v Value, Refusal> {
    pointer.of(document).ok_or_else(|| {
        Refusal::Unusable(format!("the body has no value at {:?}, to which {key} points", pointer.to_string()))
    })
}

fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use toril_config::{Env, parse};

    fn webhook(lines: &str) -> Webhook {
        let text = format!(
            "[queues.q]\nplugin = \"p\"\n[webhooks.w]\nqueue = \"q\"\nname = \"n\"\nsecret = \"env:KEY\"\n{lines}"
        );
        let env = Env::of([("KEY", "whsec_a2V5")]);
        let config = parse(&text, Path::new("queues.toml"), &env).unwrap_or_else(|error| panic!("{error}"));
        config.webhooks["w"].clone()
    }

    fn refused(refusal: Refusal) -> String {
        let Refusal::Unusable(why) = refusal else { panic!("{refusal:?}") };
        why
    }

    #[test]
    fn the_data_is_the_body_or_what_pointers_and_constants_make() {
        let body = json!({ "a": { "b": [1, 2] } });
        let whole = job("w", &webhook("signature = \"github\""), body.clone(), None).expect("a job");
        assert_eq!((whole.data, whole.opts.job_id), (body.clone(), None));
        let made = webhook("signature = \"github\"\ndata = { x = \"/a/b/1\" }\nconstants = { y = [\"/a\"] }");
        assert_eq!(job("w", &made, body, None).expect("a job").data, json!({ "x": 2, "y": ["/a"] }));
    }

    #[test]
    fn a_pointer_that_leads_nowhere_is_named_and_the_body_is_not() {
        let webhook = webhook("signature = \"github\"\ndata = { x = \"/a/b\" }\ndeduplication = \"/d\"");
        let of = |body| refused(job("w", &webhook, body, None).expect_err("refused"));
        assert_eq!(of(json!({ "d": "hunter2" })), "the body has no value at \"/a/b\", to which `data.x` points");
        assert_eq!(
            of(json!({ "d": ["hunter2"] })),
            "the value at \"/d\", to which `deduplication` points, is not text, a number or a boolean"
        );
    }

    #[test]
    fn an_id_is_made_of_the_webhook_and_what_the_sender_calls_the_request() {
        assert_eq!(job_id("w", "72d3162e-cc78"), "w-72d3162e-cc78");
        for odd in ["a:b", "a b", "ä", &"x".repeat(129)] {
            let id = job_id("w", odd);
            assert!(id.len() == 66 && !id.contains(':'), "{id}");
        }
    }

    #[test]
    fn two_webhooks_never_make_the_same_id() {
        assert_eq!(job_id("a-b", "1"), "a~b-1");
        assert_ne!(job_id("a", "b-1"), job_id("a-b", "1"));
    }

    #[test]
    fn a_long_value_is_hashed_for_the_deduplication_id() {
        let webhook = webhook("signature = \"github\"\ndeduplication = \"/n\"");
        let id = |value: String| {
            let job = job("w", &webhook, json!({ "n": value }), None).expect("a job");
            job.opts.deduplication.expect("deduplication").id
        };
        assert_eq!(id("x".repeat(512)), format!("w:{}", "x".repeat(512)));
        assert_eq!(id("x".repeat(513)).len(), "w:".len() + 64);
        assert_ne!(id("x".repeat(513)), id("x".repeat(514)));
    }

    #[test]
    fn deduplication_has_the_webhooks_name_and_bullmqs_options() {
        let id = |lines: &str| {
            let webhook = webhook(&format!("signature = \"github\"\n{lines}"));
            let opts = job("w", &webhook, json!({ "n": 7 }), None).expect("a job").opts;
            serde_json::to_value(opts.deduplication).expect("JSON")
        };
        assert_eq!(
            id("deduplication = \"/n\""),
            json!({ "id": "w:7", "ttl": null, "extend": null, "replace": null, "keepLastIfActive": true })
        );
        assert_eq!(
            id("deduplication = { id = \"/n\", ttl = \"1s\", extend = true, replace = true }"),
            json!({ "id": "w:7", "ttl": 1000, "extend": true, "replace": true, "keepLastIfActive": null })
        );
    }

    #[test]
    fn events_are_named_by_github_in_a_header_and_by_others_in_the_body() {
        let github = webhook("signature = \"github\"\nevents = [\"push\"]");
        let of = |event: &'static str| {
            let headers = HeaderMap::from_iter([(GITHUB_EVENT, event.parse().expect("a header"))]);
            is_wanted(&github, &headers).expect("an event")
        };
        assert_eq!((of("push"), of("issues"), of("ping")), (true, false, false));
        assert!(matches!(is_wanted(&github, &HeaderMap::new()), Err(Refusal::Malformed(_))));
        let standard = webhook("signature = \"standard\"\nevents = [\"user.made\"]");
        let of = |kind: &str| is_wanted_by_body(&standard, &json!({ "type": kind })).expect("an event");
        assert_eq!((of("user.made"), of("user.gone")), (true, false));
        assert!(is_wanted_by_body(&standard, &json!({})).is_err());
    }

    #[test]
    fn a_form_has_the_document_in_a_field() {
        let form =
            HeaderMap::from_iter([(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().expect("a header"))]);
        assert_eq!(document(&form, b"payload=%7B%22a%22%3A1%7D").ok(), Some(json!({ "a": 1 })));
        assert!(document(&form, b"{\"a\":1}").is_err());
        assert_eq!(document(&HeaderMap::new(), b"{\"a\":1}").ok(), Some(json!({ "a": 1 })));
    }
}
