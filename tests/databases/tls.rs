//! The modes of TLS, as in libpq.

use serde_json::json;
use toril_tests::certificates::Certificates;
use toril_tests::wait::LONG;
use toril_tests::{PostgresServer, RedisServer, Toril};

const ENCRYPTED: &str = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

/// A host with a pool for each way to a server: its name, its URL, and its `ca`.
async fn host(redis: &RedisServer, ways: &[(&str, String, Option<&str>)]) -> Toril {
    let mut toril = Toril::new().redis(redis.url()).plugin("postgres");
    let mut config = "[queues.work]\nplugin = \"postgres\"\n".to_owned();
    for (pool, url, ca) in ways {
        let variable = format!("URL_{}", pool.to_uppercase().replace('-', "_"));
        config += &format!("[plugins.postgres.postgres.{pool}]\nurl = \"env:{variable}\"\n");
        config += &ca.map(|path| format!("ca = {path:?}\n")).unwrap_or_default();
        toril = toril.env(variable, url);
    }
    let mut toril = toril.config(config).spawn_run();
    toril.wait_ready().await;
    toril
}

/// Whether the connection of a pool is encrypted, or why there is none.
async fn encrypted(toril: &Toril, pool: &str) -> Result<bool, String> {
    let data = json!({ "pool": pool, "sql": ENCRYPTED }).to_string();
    let output = toril.cli(["add", "work", "query", "--data", &data, "--wait"]).await;
    match output.code {
        Some(0) => Ok(output.json()["rows"][0][0] == "t"),
        _ => Err(output.stderr),
    }
}

#[tokio::test]
async fn each_mode_checks_what_libpq_checks() {
    let (redis, server) = (RedisServer::start().await, PostgresServer::start_tls().await);
    let folder = tempfile::tempdir().expect("a folder");
    let other = Certificates::create(folder.path()).expect("certificates");
    let (ca, other) = (server.ca_path().display().to_string(), other.ca.display().to_string());
    let url = |host: &str, mode: &str| format!("{}?sslmode={mode}", server.url_at(host, server.port()));
    // The certificate is for 127.0.0.1 and localhost.
    let (right, wrong) = ("127.0.0.1", "127.0.0.2");
    let ways = [
        ("full", url(right, "verify-full"), Some(&*ca)),
        ("full-name", url("localhost", "verify-full"), Some(&*ca)),
        ("full-wrong-name", url(wrong, "verify-full"), Some(&*ca)),
        ("full-wrong-ca", url(right, "verify-full"), Some(&*other)),
        ("full-no-ca", url(right, "verify-full"), None),
        ("ca-wrong-name", url(wrong, "verify-ca"), Some(&*ca)),
        ("ca-wrong-ca", url(right, "verify-ca"), Some(&*other)),
        ("require", url(wrong, "require"), None),
        ("prefer", url(right, "prefer"), None),
        ("disable", url(right, "disable"), None),
    ];
    let mut toril = host(&redis, &ways).await;

    for pool in ["full", "full-name", "ca-wrong-name", "require", "prefer"] {
        assert_eq!(encrypted(&toril, pool).await, Ok(true), "{pool}");
    }
    // The error for the plugin says less than the host's log, which may contain addresses.
    for (pool, shown, logged) in [
        ("full-wrong-name", "TLS failed", "not valid for name"),
        ("full-wrong-ca", "TLS failed", "invalid peer certificate"),
        ("full-no-ca", "TLS failed", "invalid peer certificate"),
        ("ca-wrong-ca", "TLS failed", "invalid peer certificate"),
        ("disable", "SQLSTATE 28000", "no encryption"),
    ] {
        let error = encrypted(&toril, pool).await.expect_err(pool);
        assert!(error.contains("unavailable") && error.contains(shown), "{pool}: {error}");
        let log = toril.wait_for_log(&format!("postgres.{pool}"), LONG).await;
        assert!(log.contains(logged), "{pool}: {log}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_unless_the_mode_allows_it() {
    let (redis, server) = (RedisServer::start().await, PostgresServer::start().await);
    let url = |mode: &str| format!("{}?sslmode={mode}", server.url());
    let ways = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
    let folder = tempfile::tempdir().expect("a folder");
    let ca = Certificates::create(folder.path()).expect("certificates").ca.display().to_string();
    let toril = host(&redis, &ways.map(|mode| (mode, url(mode), Some(&*ca)))).await;

    for pool in ["disable", "allow", "prefer"] {
        assert_eq!(encrypted(&toril, pool).await, Ok(false), "{pool}");
    }
    for pool in ["require", "verify-ca", "verify-full"] {
        let error = encrypted(&toril, pool).await.expect_err(pool);
        assert!(error.contains("unavailable") && error.contains("TLS"), "{pool}: {error}");
    }
}

#[tokio::test]
async fn a_statement_over_tls_is_cancelled_over_tls() {
    let (redis, server) = (RedisServer::start().await, PostgresServer::start_tls().await);
    let ca = server.ca_path().display().to_string();
    let url = format!("{}?sslmode=verify-full", server.url());
    let config = format!(
        "[queues.work]\nplugin = \"postgres\"\n[plugins.postgres.postgres.main]\nurl = \"env:DATABASE_URL\"\nca = {ca:?}\n\
         statement_timeout = \"300ms\"\nconnections = 1\n"
    );
    let toril = crate::host(&redis, &url, &config).await;
    let case = crate::Case { toril, server, redis };

    let seen = case.session(&["SELECT pg_backend_pid()", crate::ENDLESS, "SELECT pg_backend_pid()"]).await;

    assert_eq!(seen[1]["error"]["kind"], "timeout", "{seen:?}");
    assert_eq!(seen[0]["rows"], seen[2]["rows"], "{seen:?}");
}
