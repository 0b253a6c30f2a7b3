//! Valid files.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{
    AdminAccess, Backoff, BackoffKind, BackoffStrategy, Delays, Env, HostSettings, Isolation, Keep, LoadError, Plugin,
    Postgres, Queue, RateLimit, Redis, Repeat, Schedule, Secret, load, parse,
};
use toril_job::QueueName;

use super::{SMALLEST, config, nothing, queue, section};

const EXAMPLE: &str = r#"
[redis]
url = "redis://localhost:6379"   # REDIS_URL takes precedence
tls = false
prefix = "bull"
namespace = "app:development"

[host]
listen = "127.0.0.1:9090"
plugins = "target/plugins"
shutdown_timeout = "10s"

[queues.agent-commands]
plugin = "agent-commands"
concurrency = 10
timeout = "30s"
attempts = 5
backoff = { type = "exponential", delay = "2s", jitter = 0.5 }
remove_on_complete = { age = "1h", count = 1000 }
remove_on_fail = { age = "24h" }

[queues.github-sync]
plugin = "github-sync"
concurrency = 5
timeout = "2m"
attempts = 8
backoff = { type = "exponential", delay = "2s", jitter = 0.5 }
rate_limit = { max = 5, per = "1s" }
dead_letter = "github-sync-dead"

[plugins.github-sync]
http = ["https://api.github.com"]
config = { api-url = "https://api.github.com" }
secrets = { token = "env:GITHUB_TOKEN" }
memory = "64MiB"
fuel = 20_000_000_000
"#;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_example_is_read_as_it_is_meant() {
    let config = config(EXAMPLE, &Env::of([("GITHUB_TOKEN", "hunter2")]));
    assert_eq!(config.warnings, []);
    assert_eq!(config.redis.namespace, "app:development");
    assert_eq!(config.redis.require_url().unwrap().expose(), "redis://localhost:6379");
    assert_eq!(config.host.plugins, Path::new("target/plugins"));

    let commands = &config.queues["agent-commands"];
    assert_eq!(commands.concurrency.get(), 10);
    assert_eq!(commands.rate_limit, None);
    let defaults = &commands.job_defaults;
    assert_eq!(defaults.attempts, NonZeroU32::new(5));
    assert_eq!(defaults.backoff, Some(Backoff { kind: BackoffKind::Exponential, delay: seconds(2), jitter: 0.5 }));
    let (age, count) = (Some(seconds(3600)), Some(1000));
    assert_eq!(defaults.remove_on_complete, Some(Keep::Some { age, count, limit: None }));
    let (age, count) = (Some(seconds(86_400)), None);
    assert_eq!(defaults.remove_on_fail, Some(Keep::Some { age, count, limit: None }));

    let sync = &config.queues["github-sync"];
    assert_eq!(sync.timeout, seconds(120));
    assert_eq!(sync.dead_letter.as_ref().map(QueueName::as_str), Some("github-sync-dead"));
    let max = NonZeroU64::new(5).unwrap();
    let per = seconds(1);
    assert_eq!(sync.rate_limit, Some(RateLimit { max, per }));

    let plugin = config.plugin("github-sync");
    assert!(plugin.http[0].matches("https", "api.github.com"));
    assert_eq!(plugin.config["api-url"], "https://api.github.com");
    assert_eq!(plugin.secrets["token"].expose(), "hunter2");
    assert_eq!(plugin.memory, 64 << 20);
    assert_eq!(plugin.fuel, NonZeroU64::new(20_000_000_000));
    assert_eq!(config.plugin("agent-commands"), Plugin::default());
}

#[test]
fn the_smallest_file_has_all_the_defaults() {
    let config = config(SMALLEST, &nothing());
    assert_eq!(config.redis, Redis::default());
    assert_eq!(config.host, HostSettings::default());
    assert_eq!(config.queues["a"], Queue::new("a"));
    assert!(config.plugins.is_empty());
}

#[test]
fn every_key_is_read() {
    let text = r#"
[redis]
url = "redis://r:7000/3"
tls = true
ca = "ca.pem"
prefix = "{bull}"
namespace = "n"
connect_timeout = "1m"
[host]
listen = "off"
plugins = "p"
cache = "/var/cache/toril"
shutdown_timeout = "0s"
name = "eu-1"
pen_threads = 3
max_pens = 20
max_component = "1GiB"
compile_timeout = "30s"
compile_memory = "256MiB"
admin = "read-only"
allowed_hosts = ["Toril.example.com", "[::1]"]
redact = ["pin"]
keep_attempts = 0
log = "warn,toril=debug"
[queues.a]
plugin = "a.b_c-1"
lock_duration = "1s"
stalled_interval = "5s"
max_stalled = 0
max_started_attempts = 3
metrics = { max_data_points = 60 }
backoff = "500ms"
remove_on_complete = true
remove_on_fail = false
[queues.a.schedules.nightly]
pattern = "0 3 * * *"
tz = "Europe/Madrid"
name = "report"
data = { whole = 1, list = [1.5, true, "t"], when = 2026-01-01 }
priority = 5
limit = 7
[queues."b c"]
plugin = "a.b_c-1"
schedules.often = { every = "15m" }
remove_on_complete = 0
[plugins."a.b_c-1"]
max_result = "1KB"
memory = "4GiB"
isolation = "reuse"
reuse_jobs = 7
config = { text = "t", whole = 0x10, decimal = 1.50, truth = true }
[plugins."a.b_c-1".postgres.main]
url = "env:DATABASE_URL"
ca = "/dev/null"
connections = 3
connect_timeout = "2s"
statement_timeout = "1m"
max_rows = 7
max_bytes = "2KiB"
read_only = true
"#;
    let env = Env::of([("DATABASE_URL", "postgres://me:hunter2@db/shop")]);
    let config = parse(text, Path::new("/etc/toril/queues.toml"), &env).unwrap();
    let redis = &config.redis;
    assert!(redis.tls);
    assert_eq!(redis.effective_url().unwrap().expose(), "rediss://r:7000/3");
    assert_eq!(redis.ca, Some(PathBuf::from("/etc/toril/ca.pem")));
    assert_eq!((&*redis.prefix, &*redis.namespace), ("{bull}", "n"));
    assert_eq!(redis.connect_timeout, seconds(60));

    let host = HostSettings {
        listen: None,
        plugins: "/etc/toril/p".into(),
        cache: "/var/cache/toril".into(),
        shutdown_timeout: Duration::ZERO,
        name: Some("eu-1".into()),
        pen_threads: NonZeroUsize::new(3).unwrap(),
        max_pens: NonZeroU32::new(20).unwrap(),
        max_component: 1 << 30,
        compile_timeout: seconds(30),
        compile_memory: 256 << 20,
        admin: AdminAccess::ReadOnly,
        admin_token: None,
        allowed_hosts: vec!["toril.example.com".into(), "[::1]".into()],
        redact: vec!["pin".into()],
        keep_attempts: 0,
        log: Some("warn,toril=debug".into()),
    };
    assert_eq!(config.host, host);

    let queue = &config.queues["a"];
    assert_eq!(queue.lock_duration, seconds(1));
    assert_eq!(queue.stalled_interval, seconds(5));
    assert_eq!(queue.max_stalled, 0);
    assert_eq!((queue.max_started_attempts, queue.metrics), (NonZeroU32::new(3), NonZeroU32::new(60)));
    let fixed = Backoff { kind: BackoffKind::Fixed, delay: Duration::from_millis(500), jitter: 0.0 };
    assert_eq!(queue.job_defaults.backoff, Some(fixed));
    assert_eq!(queue.job_defaults.remove_on_complete, Some(Keep::None));
    assert_eq!(queue.job_defaults.remove_on_fail, Some(Keep::All));
    let nightly = Schedule {
        repeat: Repeat::Pattern { pattern: "0 3 * * *".into(), tz: Some("Europe/Madrid".into()) },
        name: Some("report".into()),
        data: Some(serde_json::json!({ "whole": 1, "list": [1.5, true, "t"], "when": "2026-01-01" })),
        priority: Some(5),
        limit: NonZeroU64::new(7),
    };
    assert_eq!(queue.schedules["nightly"], nightly);
    assert_eq!(config.queues["b c"].schedules["often"].repeat, Repeat::Every(seconds(900)));
    let (age, count) = (None, Some(0));
    let defaults = &config.queues["b c"].job_defaults;
    assert_eq!(defaults.remove_on_complete, Some(Keep::Some { age, count, limit: None }));

    let plugin = config.plugin("a.b_c-1");
    assert_eq!((plugin.max_result, plugin.memory), (1000, 4 << 30));
    assert_eq!(plugin.isolation, Isolation::Reuse { jobs: NonZeroU32::new(7).unwrap() });
    let values: Vec<&str> = plugin.config.values().map(String::as_str).collect();
    assert_eq!(values, ["1.50", "t", "true", "16"]);
    let pool = Postgres {
        url: Secret::new("postgres://me:hunter2@db/shop"),
        ca: Some("/dev/null".into()),
        connections: NonZeroU32::new(3).unwrap(),
        connect_timeout: seconds(2),
        statement_timeout: seconds(60),
        max_rows: NonZeroU64::new(7).unwrap(),
        max_bytes: 2048,
        read_only: true,
    };
    assert_eq!(plugin.postgres, [("main".to_owned(), pool)].into());
}

#[test]
fn a_plugin_has_limits_that_its_entry_can_change() {
    let plugin = |lines: &str| config(&section(&format!("[plugins.a]\n{lines}")), &nothing()).plugin("a");
    let limits = |plugin: &Plugin| (plugin.max_added_jobs.get(), plugin.http_rate.max.get(), plugin.http_rate.per);
    assert_eq!(limits(&plugin("")), (10_000, 10_000, seconds(1)));
    let lines = "max_added_jobs = 5\nhttp_rate = { max = 7, per = \"1m\" }";
    assert_eq!(limits(&plugin(lines)), (5, 7, seconds(60)));

    let kept = |lines: &str| plugin(lines).keyvalue.map(|kept| (kept.ttl, kept.max_keys, kept.max_bytes));
    assert_eq!(kept("keyvalue = true"), Some((None, 1_000_000, 1 << 30)));
    let lines = "keyvalue = { ttl = \"1h\", max_keys = 5, max_bytes = \"2KB\" }";
    assert_eq!(kept(lines), Some((Some(seconds(3600)), 5, 2_000)));
}

#[test]
fn a_pool_has_limits_that_its_entry_can_change() {
    let text = section("[plugins.a.postgres]\nmain.url = 'env:URL'\nother = { url = 'env:URL', max_rows = 5 }");
    let pools = config(&text, &Env::of([("URL", "host=db")])).plugin("a").postgres;
    assert_eq!(pools["main"], Postgres::new(Secret::new("host=db")));
    assert_eq!(pools["other"], Postgres { max_rows: NonZeroU64::new(5).unwrap(), ..pools["main"].clone() });
    let main = &pools["main"];
    assert_eq!((main.connections.get(), main.max_rows.get(), main.max_bytes), (10, 10_000, 8 << 20));
    assert_eq!((main.connect_timeout, main.statement_timeout, main.read_only), (seconds(5), seconds(5), false));
}

#[test]
fn an_instance_that_runs_several_jobs_is_given_up_after_a_thousand_unless_the_entry_says_otherwise() {
    let isolation = |lines| config(&section(&format!("[plugins.a]\n{lines}")), &nothing()).plugin("a").isolation;
    assert_eq!(isolation("isolation = \"reuse\""), Isolation::Reuse { jobs: NonZeroU32::new(1_000).unwrap() });
    assert_eq!(isolation("isolation = \"fresh\""), Isolation::Fresh);
    assert_eq!(isolation(""), Isolation::Fresh);
}

#[test]
fn metrics_are_on_for_two_weeks_by_default_and_can_be_turned_off() {
    let metrics = |line| config(&queue(line), &nothing()).queues["a"].metrics;
    assert_eq!((metrics(""), metrics("metrics = true")), (NonZeroU32::new(20_160), NonZeroU32::new(20_160)));
    assert_eq!(metrics("metrics = false"), None);
}

#[test]
fn the_name_of_the_workers_in_the_environment_takes_precedence() {
    let named = |env: &Env| config(&section("[host]\nname = 'file'"), env).host.name;
    assert_eq!(named(&nothing()).as_deref(), Some("file"));
    assert_eq!(named(&Env::of([("TORIL_NAME", "env")])).as_deref(), Some("env"));
    assert_eq!(config(SMALLEST, &Env::of([("TORIL_NAME", "env")])).host.name.as_deref(), Some("env"));
}

#[test]
fn backoff_strategies_of_every_type_are_read_and_the_queues_own_backoff_can_name_one() {
    let text = queue(
        r#"
backoff = { type = "polite" }
remove_on_fail = { age = "1h", limit = 9 }
[queues.a.backoff_strategies]
polite = { type = "linear", delay = "5s", max = "1m", jitter = 0.5 }
stairs = { type = "list", delays = ["1s", "0s"] }
steady = { type = "fixed", delay = "2s" }
doubling = { type = "exponential", delay = "1s" }
"#,
    );
    let queue = &config(&text, &nothing()).queues["a"];
    let named = Backoff { kind: BackoffKind::Named("polite".into()), delay: Duration::ZERO, jitter: 0.0 };
    assert_eq!(queue.job_defaults.backoff, Some(named));
    let (age, limit) = (Some(seconds(3600)), NonZeroU32::new(9));
    assert_eq!(queue.job_defaults.remove_on_fail, Some(Keep::Some { age, count: None, limit }));
    let strategy = |delays| BackoffStrategy { delays, jitter: 0.0, max: None };
    let polite = BackoffStrategy { jitter: 0.5, max: Some(seconds(60)), ..strategy(Delays::Linear(seconds(5))) };
    assert_eq!(queue.backoff_strategies["polite"], polite);
    assert_eq!(queue.backoff_strategies["stairs"], strategy(Delays::List(vec![seconds(1), seconds(0)])));
    assert_eq!(queue.backoff_strategies["steady"], strategy(Delays::Fixed(seconds(2))));
    assert_eq!(queue.backoff_strategies["doubling"], strategy(Delays::Exponential(seconds(1))));
}

#[test]
fn dotted_keys_and_inline_tables_are_the_same_file() {
    let long = queue("backoff.type = \"fixed\"\nbackoff.delay = \"1s\"");
    let short = "queues.a = { plugin = \"a\", backoff = { delay = \"1s\", type = \"fixed\" } }\n";
    assert_eq!(config(&long, &nothing()), config(short, &nothing()));
}

#[test]
fn a_plugin_that_no_queue_uses_is_a_warning() {
    let text = "[queues.a]\nplugin = \"github-sync\"\n[plugins.github-snyc]\n[plugins.mail]\n";
    let warnings = config(text, &nothing()).warnings;
    assert_eq!(
        warnings[0].to_string(),
        "warning: plugin `github-snyc` is used by no queue\n --> queues.toml:3:10\n  |\n3 | [plugins.github-snyc]\n  |          ^^^^^^^^^^^\n  = help: did you mean `github-sync`?"
    );
    assert_eq!(warnings[1].key, "plugins.mail");
    assert_eq!(warnings.len(), 2);
}

#[test]
fn more_concurrency_than_pens_is_a_warning() {
    let text = "[queues]\na = { plugin = \"a\", concurrency = 8 }\nb = { plugin = \"a\", concurrency = 3 }\n[host]\nmax_pens = 10\n";
    let warnings = config(text, &nothing()).warnings;
    assert!(warnings[0].message.contains("adds up to 11"), "{warnings:?}");
    assert_eq!((warnings[0].line, warnings[0].column), (5, 1));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_ignored() {
    let text = section("[host]\nmax_pens = 7").replace('\n', "\r\n");
    let config = config(&format!("\u{feff}{text}"), &nothing());
    assert_eq!(config.host.max_pens.get(), 7);
}

#[test]
fn a_file_on_disk_is_loaded_with_its_own_folder_as_the_start_of_paths() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queues.toml");
    std::fs::write(&path, SMALLEST).unwrap();
    let config = load(&path, &nothing()).unwrap();
    assert_eq!(config.path, path);
    assert_eq!(config.host.plugins, folder.path().join("plugins"));
    assert_eq!(config.host.cache, folder.path().join(".toril/cache"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = load(Path::new("/nowhere/queues.toml"), &nothing()).unwrap_err();
    assert!(matches!(error, LoadError::Unreadable { .. }));
    assert!(error.to_string().starts_with("/nowhere/queues.toml cannot be read: "));
}
