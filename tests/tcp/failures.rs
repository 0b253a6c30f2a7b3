//! Connections that fail, and what a plugin and its job show then.

use serde_json::{Value, json};

use crate::servers::Servers;

/// Runs `cases/failing.ts` with these lines in the plugin's entry. `Err`: the failure, and the log of the job.
async fn connect(servers: &Servers, lines: &str, data: Value) -> Result<Value, String> {
    let toril = servers.host("failing", "", lines).await;
    let output = servers.run(&toril, data).await;
    if output.code == Some(0) {
        return Ok(output.json());
    }
    let log = toril.cli(["job", "work", "1"]).await;
    Err(format!("{}\n{}", output.stderr, log.stdout))
}

#[tokio::test]
async fn a_target_without_a_grant_fails_the_job_for_good_and_names_the_line_to_add() {
    let servers = Servers::start().await;
    let data = json!({ "host": "mail.example.com", "port": 587, "how": "plain" });

    let failure = connect(&servers, "", data).await.expect_err("a failure");

    assert!(failure.contains("getaddrinfo EACCES mail.example.com"), "{failure}");
    assert!(failure.contains(r#"tcp = ["mail.example.com:587"]"#), "{failure}");
    assert!(failure.contains("plugin plugin may not connect to mail.example.com"), "{failure}");
}

#[tokio::test]
async fn a_port_without_a_grant_is_an_error_that_a_plugin_can_catch() {
    let servers = Servers::start().await;
    let lines = format!("tcp = [\"localhost:{}\"]\n", servers.port("smtp"));
    let port = servers.port("smtps");
    let data = json!({ "host": "localhost", "port": port, "how": "tls", "caught": true });

    let caught = connect(&servers, &lines, data).await.expect("the caught error");

    assert_eq!((&caught["code"], &caught["syscall"]), (&json!("EACCES"), &json!("connect")), "{caught}");
    let message = caught["message"].as_str().unwrap_or_default();
    assert!(message.contains(&format!("add tls = [\"localhost:{port}\"]")), "{message}");
}

#[tokio::test]
async fn a_tls_socket_is_encrypted_with_either_grant_and_a_plain_socket_follows_its_grant() {
    let servers = Servers::start().await;
    let port = servers.port("smtps");
    for (grant, how, is_secure) in [("tls", "tls", Some(true)), ("tcp", "tls", Some(true)), ("tls", "plain", None)] {
        let lines = format!("{grant} = [\"localhost:{port}\"]\nca = {:?}\n", servers.authorities());
        let seen = connect(&servers, &lines, json!({ "host": "localhost", "port": port, "how": how })).await;
        let seen = seen.unwrap_or_else(|failure| panic!("{grant}, {how}: {failure}"));
        // The server's greeting, which it sends only after the handshake.
        assert!(seen["data"].as_str().is_some_and(|data| data.starts_with("220 ")), "{grant}, {how}: {seen}");
        assert_eq!(seen["isSecure"].as_bool(), is_secure, "{grant}, {how}");
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_fails_and_the_log_says_why() {
    let servers = Servers::start().await;
    let port = servers.port("smtps");
    for grant in ["tls", "tcp"] {
        let lines = format!("{grant} = [\"localhost:{port}\"]\n");
        let failure = connect(&servers, &lines, json!({ "host": "localhost", "port": port, "how": "tls" })).await;
        let failure = failure.expect_err("a failure");
        assert!(failure.to_lowercase().contains("certificate"), "{grant}: {failure}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_fails_the_upgrade() {
    let servers = Servers::start().await;
    let port = servers.port("echo");
    let data = json!({ "host": "localhost", "port": port, "how": "upgrade", "first": "hello", "caught": true });

    let caught = connect(&servers, &servers.grants(), data).await.expect("the caught error");

    let message = caught["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("TLS with localhost failed"), "{message}");
}

#[tokio::test]
async fn a_job_that_waits_only_for_an_unreferenced_socket_ends() {
    let servers = Servers::start().await;
    let data = json!({ "host": "localhost", "port": servers.port("echo"), "how": "unref" });

    let failure = connect(&servers, &servers.grants(), data).await.expect_err("a failure");

    assert!(failure.contains("will never happen"), "{failure}");
}
