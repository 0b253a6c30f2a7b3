//! Environment variables, which override the file.

use super::super::{Env, RedisUrl, Topology};
use super::{SMALLEST, config, problems, queue, section};

const WITH_URL: &str = "[redis]\nurl = \"redis://file:1\"\n";

#[test]
fn redis_url_takes_precedence_over_the_file() {
    let text = section(WITH_URL);
    for (value, url) in [("redis://env:2", "redis://env:2"), ("", "redis://file:1")] {
        let config = config(&text, &Env::of([("REDIS_URL", value)]));
        assert_eq!(config.redis.require_url().unwrap().expose(), url);
    }
}

#[test]
fn redis_url_alone_is_enough() {
    let config = config(SMALLEST, &Env::of([("REDIS_URL", "rediss://env:2")]));
    assert_eq!(config.redis.url.unwrap().expose(), "rediss://env:2");
    assert!(config.redis.tls);
}

#[test]
fn redis_tls_takes_precedence_over_the_file() {
    for (file, value, tls) in [
        ("true", "false", false),
        ("true", "0", false),
        ("false", "true", true),
        ("false", "1", true),
        ("true", "", true),
    ] {
        let text = section(&format!("{WITH_URL}tls = {file}"));
        let redis = config(&text, &Env::of([("REDIS_TLS", value)])).redis;
        assert_eq!(redis.tls, tls, "tls = {file}, REDIS_TLS={value}");
        let scheme = if tls { "rediss" } else { "redis" };
        let url = redis.effective_url().unwrap();
        assert_eq!(url.expose(), format!("{scheme}://file:1"));
    }
}

#[test]
fn the_environment_says_what_is_behind_the_url() {
    let behind =
        |text: &str, env: &[(&str, &str)]| config(&section(text), &Env::of(env.iter().copied())).redis.topology;
    let urls = |urls: &[&str]| urls.iter().map(|url| url.parse().unwrap()).collect::<Vec<RedisUrl>>();
    let prefix = "[redis]\nurl = \"redis://file\"\nprefix = \"{b}\"\n";
    let cluster = format!("{prefix}cluster = true\nnodes = [\"n:2\"]");
    let sentinels = format!("{prefix}sentinels = [\"s\", \"rediss://:p@t:3\"]");
    assert_eq!(behind(&cluster, &[]), Topology::Cluster(urls(&["redis://n:2"])));
    assert_eq!(behind(&cluster, &[("REDIS_CLUSTER", "false")]), Topology::One);
    assert_eq!(behind(prefix, &[("REDIS_CLUSTER", "true")]), Topology::Cluster(Vec::new()));
    assert_eq!(behind(&sentinels, &[]), Topology::Sentinels(urls(&["redis://s", "rediss://:p@t:3"])));
    assert_eq!(behind(&sentinels, &[("REDIS_SENTINELS", "none")]), Topology::One);
    let two = behind(prefix, &[("REDIS_SENTINELS", "a:1, b")]);
    assert_eq!(two, Topology::Sentinels(urls(&["redis://a:1", "redis://b"])));
}

#[test]
fn a_rediss_url_is_never_weakened() {
    let env = Env::of([("REDIS_TLS", "false"), ("REDIS_URL", "rediss://env")]);
    assert!(config(SMALLEST, &env).redis.tls);
}

#[test]
fn toril_concurrency_is_the_default_of_queues_that_set_none() {
    let text = format!("{}[queues.b]\nplugin = 'a'\n", queue("concurrency = 2"));
    let config = config(&text, &Env::of([("TORIL_CONCURRENCY", "7")]));
    assert_eq!(config.queues["a"].concurrency.get(), 2);
    assert_eq!(config.queues["b"].concurrency.get(), 7);
}

#[test]
fn toril_concurrency_is_bounded_where_it_is_used() {
    let env = Env::of([("TORIL_CONCURRENCY", "1001")]);
    let shown = problems(SMALLEST, &env).to_string();
    assert!(shown.contains("TORIL_CONCURRENCY must be at most 1000"), "{shown}");
    config(&queue("concurrency = 2"), &env);
}

#[test]
fn the_token_comes_from_the_environment_and_is_long_enough() {
    let token = |value: &str| Env::of([("TORIL_ADMIN_TOKEN", value)]);
    let taken = config(SMALLEST, &token("0123456789abcdef")).host.admin_token.unwrap();
    assert_eq!(taken.expose(), "0123456789abcdef");
    assert_eq!(config(SMALLEST, &token("")).host.admin_token, None);
    let shown = problems(SMALLEST, &token("hunter2")).to_string();
    assert!(shown.contains("TORIL_ADMIN_TOKEN has 7 characters, and needs 16"), "{shown}");
    let shown = format!("{shown}{}", problems(SMALLEST, &token("hunter2 hunter2 hunter2")));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn an_address_that_others_reach_is_unguarded_without_a_token_or_a_word_of_the_file() {
    let unguarded = |host: &str, token: &str| {
        let text = section(&format!("[host]\n{host}"));
        config(&text, &Env::of([("TORIL_ADMIN_TOKEN", token)])).host.is_unguarded()
    };
    assert!(unguarded("listen = '0.0.0.0:1'", ""));
    assert!(unguarded("listen = '[::]:1'\nadmin = 'full'", ""));
    for (host, token) in [
        ("listen = '0.0.0.0:1'", "0123456789abcdef"),
        ("listen = '0.0.0.0:1'\nadmin = 'read-only'", ""),
        ("listen = '0.0.0.0:1'\nadmin = 'off'", ""),
        ("listen = '127.0.0.2:1'", ""),
        ("listen = '[::1]:1'", ""),
        ("listen = '[::ffff:127.0.0.1]:1'", ""),
        ("listen = 'off'", ""),
    ] {
        assert!(!unguarded(host, token), "{host}");
    }
}

#[test]
fn variables_that_are_wrong_are_reported_with_their_name() {
    let env = Env::of([("REDIS_URL", "redis://:hunter2@/0"), ("REDIS_TLS", "maybe"), ("TORIL_CONCURRENCY", "0")]);
    let found = problems(SMALLEST, &env);
    let keys: Vec<_> = found.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["REDIS_URL", "REDIS_TLS", "TORIL_CONCURRENCY"]);
    assert!(found.iter().all(|problem| problem.file.is_none() && problem.line == 0));
    let shown = found.to_string();
    for piece in [
        "error: REDIS_URL has no host\n --> environment variable REDIS_URL\n",
        "REDIS_TLS must be true, false, 1 or 0, not \"maybe\"",
        "TORIL_CONCURRENCY must be a whole number from 1, not \"0\"",
    ] {
        assert!(shown.contains(piece), "{shown}");
    }
    assert!(!shown.contains("hunter2"));
}

#[test]
fn a_url_in_the_file_is_checked_even_where_the_environment_overrides_it() {
    let env = Env::of([("REDIS_URL", "redis://env")]);
    let found = problems(&section("[redis]\nurl = \"localhost\""), &env);
    assert_eq!(found.iter().next().unwrap().key, "redis.url");
}

#[test]
fn tls_from_the_environment_does_not_go_with_a_socket() {
    let env = Env::of([("REDIS_TLS", "1"), ("REDIS_URL", "unix:///run/redis.sock")]);
    let found = problems(SMALLEST, &env);
    assert_eq!(found.iter().next().unwrap().key, "REDIS_TLS");
}
