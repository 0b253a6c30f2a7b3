//! `[webhooks.NAME]` and `[callbacks]`.

use std::time::Duration;

use serde_json::json;

use super::super::{Config, Env, EventDeduplication, Pointer, SignatureForm, WebhookData};
use super::{config, problems, section};

const LONG: &str = "hunter2-hunter2-hunter2";

fn env() -> Env {
    Env::of([("TEXT", LONG), ("STANDARD", "whsec_aHVudGVyMg=="), ("SHORT", "hunter2")])
}

fn read(text: &str) -> Config {
    config(&section(text), &env())
}

/// A webhook with additional lines. They start at line 8.
fn hook(lines: &str) -> String {
    section(&format!(
        "[webhooks.h]\nqueue = \"a\"\nname = \"n\"\nsignature = \"github\"\nsecret = \"env:TEXT\"\n{lines}"
    ))
}

fn pointer(text: &str) -> Pointer {
    text.parse().unwrap()
}

#[test]
fn there_are_neither_webhooks_nor_callbacks_by_default() {
    let config = read("");
    assert!(config.webhooks.is_empty() && config.callbacks.is_none());
}

#[test]
fn the_smallest_webhook_takes_every_event_and_the_whole_body() {
    let config = config(&hook(""), &env());
    let hook = &config.webhooks["h"];
    assert_eq!((hook.queue.as_str(), hook.name.as_str(), hook.signature), ("a", "n", SignatureForm::GitHub));
    assert_eq!(hook.key.expose(), LONG.as_bytes());
    assert_eq!((&hook.events, &hook.data, &hook.deduplication), (&None, &WebhookData::Body, &None));
    assert_eq!((hook.delay, hook.priority, hook.max_body), (None, None, 8 << 20));
    assert_eq!(config.warnings, []);
}

#[test]
fn every_key_is_read() {
    let config = read(
        r#"
[webhooks.h]
queue = "a"
name = "n"
signature = "standard"
secret = "env:STANDARD"
events = ["x", "y"]
data = { one = "/1", all = "" }
constants = { full = true, list = ["/a", 1.5] }
deduplication = { id = "/id", ttl = "5s", extend = true, replace = true }
delay = "2s"
priority = 3
max_body = "25MiB"
[callbacks]
secret = "env:TEXT"
"#,
    );
    let hook = &config.webhooks["h"];
    assert_eq!((hook.signature, hook.key.expose()), (SignatureForm::Standard, &b"hunter2"[..]));
    assert_eq!(hook.events.as_deref(), Some(&["x".to_owned(), "y".to_owned()][..]));
    let pointers = [("one".to_owned(), pointer("/1")), ("all".to_owned(), pointer(""))].into();
    let constants = json!({ "full": true, "list": ["/a", 1.5] }).as_object().unwrap().clone();
    assert_eq!(hook.data, WebhookData::Members { pointers, constants });
    let ttl = Some(Duration::from_secs(5));
    let deduplication =
        EventDeduplication { id: pointer("/id"), ttl, extend: true, replace: true, keep_last_if_active: false };
    assert_eq!(hook.deduplication, Some(deduplication));
    assert_eq!((hook.delay, hook.priority, hook.max_body), (Some(Duration::from_secs(2)), Some(3), 25 << 20));
    assert_eq!(config.callbacks.unwrap().key.expose(), LONG.as_bytes());
}

#[test]
fn deduplication_keeps_the_last_event_unless_it_has_a_time_to_live() {
    for (value, keeps) in [
        ("\"/id\"", true),
        ("{ id = \"/id\" }", true),
        ("{ id = \"/id\", ttl = \"5s\" }", false),
        ("{ id = \"/id\", keep_last_if_active = false }", false),
    ] {
        let config = config(&hook(&format!("deduplication = {value}")), &env());
        let deduplication = config.webhooks["h"].deduplication.as_ref().unwrap();
        assert_eq!(deduplication.keep_last_if_active, keeps, "{value}");
    }
}

#[test]
fn each_mistake_has_its_place() {
    for (text, line, piece) in [
        (hook("event = [\"push\"]"), 8, "did you mean `events`?"),
        (hook("events = []"), 8, "no event adds a job"),
        (hook("data = { a = \"b\" }"), 8, "must begin with `/`"),
        (hook("data = { a = \"/~2\" }"), 8, "not followed by 0 or 1"),
        (hook("data = { a = 1 }"), 8, "must be a string"),
        (hook("constants = { a = 1 }"), 8, "needs `data`"),
        (hook("data = { a = \"/a\" }\nconstants = { a = 1 }"), 8, "in both `data` and `constants`"),
        (hook("deduplication = 5"), 8, "must be a JSON pointer or a table"),
        (hook("deduplication = { ttl = \"1s\" }"), 8, "has no `id`"),
        (hook("deduplication = { id = \"/a\", extend = true }"), 8, "needs a `ttl`"),
        (hook("deduplication = { id = \"/a\", ttl = \"1s\", keep_last_if_active = true }"), 8, "has no effect beside"),
        (hook("max_body = \"26MiB\""), 8, "at most 25MiB"),
        (hook("priority = 9999999"), 8, "at most 2097151"),
        (hook("").replace("\"a\"\nname", "\"b\"\nname"), 4, "names queue \"b\", which is not in this file"),
        (hook("").replace("github", "svix"), 6, "must be \"github\" or \"standard\""),
        (hook("").replace("github", "standard"), 7, "`whsec_` and a key in Base64"),
        (hook("").replace("TEXT", "NOWHERE"), 7, "NOWHERE, which is not set"),
        (hook("").replace("env:TEXT", "hunter2"), 7, "a secret must not be in this file"),
        (hook("").replace("webhooks.h", "webhooks.\"a b\""), 3, "not a valid name of a webhook"),
        (section("[callbacks]\nsecret = \"env:SHORT\""), 4, "has 7 characters, and needs 16"),
        (section("[callbacks]"), 3, "callbacks has no `secret`"),
        (section("[callbacks]\nsecret = \"env:TEXT\"\ntoken = \"hunter2\""), 5, "unknown key `token`"),
    ] {
        let found = problems(&text, &env());
        let shown = found.to_string();
        assert_eq!((found.len(), found.iter().next().map(|problem| problem.line)), (1, Some(line)), "{text}\n{shown}");
        assert!(shown.contains(piece), "{piece:?} is not in\n{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn a_host_that_listens_nowhere_warns_of_what_cannot_be_reached() {
    let config = config(&format!("{}\n[host]\nlisten = \"off\"", hook("")), &env());
    let warnings: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
    assert!(warnings.len() == 1 && warnings[0].contains("`webhooks` cannot be reached"), "{warnings:?}");
}
