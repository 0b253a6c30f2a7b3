//! Sockets in a Python plugin, `tests/python/servers`: mails with `smtplib`, and MariaDB with `pymysql`.

use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use toril_tests::certificates::Certificates;
use toril_tests::toril::engine_cache;
use toril_tests::{MariaDbServer, RedisServer, Toril, mariadb, python, repository};

/// The mail servers of `tests/python/mail_server.py`.
struct MailServer {
    lines: Lines<BufReader<ChildStdout>>,
    ports: Value,
    certificates: Certificates,
    _child: Child,
    _folder: TempDir,
}

impl MailServer {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let certificates = Certificates::create(folder.path()).expect("certificates");
        let mut command = Command::new(python::program("python"));
        command
            .arg(repository().join("tests/python/mail_server.py"))
            .args([&certificates.certificate, &certificates.key]);
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("Python starts");
        let lines = BufReader::new(child.stdout.take().expect("an output")).lines();
        let mut server = Self { lines, ports: Value::Null, certificates, _child: child, _folder: folder };
        server.ports = server.next().await;
        server
    }

    /// The next line that it prints.
    async fn next(&mut self) -> Value {
        let line = self.lines.next_line().await.expect("a line").expect("it runs");
        serde_json::from_str(&line).expect("JSON")
    }
}

struct Case {
    // Ends first.
    toril: Toril,
    _redis: RedisServer,
}

impl Case {
    /// A host with these lines of the plugin's entry.
    async fn open(entry: &str) -> Self {
        let redis = RedisServer::start().await;
        let config = format!("[queues.work]\nplugin = \"servers\"\n[plugins.servers]\n{entry}\n");
        let toril = Toril::new().redis(redis.url()).plugin_as("servers-py", "servers").config(config);
        let mut toril = toril.cache(engine_cache()).spawn_run();
        toril.wait_ready().await;
        Self { toril, _redis: redis }
    }

    async fn run(&self, name: &str, data: &Value) -> Value {
        let add = ["add", "work", name, "--data", "-", "--wait"];
        self.toril.cli_with_input(add, data.to_string()).await.succeeded().json()
    }

    async fn failure(&self, name: &str, data: &Value) -> String {
        let add = ["add", "work", name, "--data", "-", "--wait"];
        self.toril.cli_with_input(add, data.to_string()).await.exited(1).stderr
    }
}

fn mail(port: &Value, security: &str) -> Value {
    json!({
        "host": "localhost", "port": port, "security": security, "user": "ada", "password": "secret",
        "to": "bob@example.com", "subject": "An order", "text": "Tea, 2 boxes",
    })
}

#[tokio::test]
async fn a_python_plugin_sends_mails_with_and_without_tls() {
    let mut server = MailServer::start().await;
    let (smtp, smtps) = (server.ports["smtp"].clone(), server.ports["smtps"].clone());
    let case = Case::open(&format!(
        "tcp = [\"localhost:{smtp}\"]\ntls = [\"localhost:{smtps}\"]\nca = {:?}",
        server.certificates.ca.display().to_string()
    ))
    .await;

    for (port, security, encrypted) in [(&smtp, "plain", false), (&smtp, "starttls", true), (&smtps, "tls", true)] {
        assert_eq!(case.run("mail", &mail(port, security)).await, json!({ "refused": {} }), "{security}");
        let sent = server.next().await;
        assert_eq!([&sent["encrypted"], &sent["user"]], [&json!(encrypted), &json!("ada")], "{security}");
        let text = sent["text"].as_str().unwrap_or_default();
        assert!(text.contains("Subject: An order\r\n") && text.contains("\r\n\r\nTea, 2 boxes\r\n"), "{text}");
    }

    let mut wrong = mail(&smtp, "starttls");
    wrong["password"] = json!("guessed");
    let refused = case.failure("mail", &wrong).await;
    assert!(refused.contains("wrong password"), "{refused}");

    let mut other = mail(&smtp, "plain");
    other["host"] = json!("127.0.0.1");
    let denied = case.failure("mail", &other).await;
    assert!(denied.contains("tcp = [\"127.0.0.1:PORT\"]"), "{denied}");
}

#[tokio::test]
async fn a_python_plugin_sends_nothing_to_a_server_whose_certificate_is_not_trusted() {
    let server = MailServer::start().await;
    let (smtp, smtps) = (&server.ports["smtp"], &server.ports["smtps"]);
    let case = Case::open(&format!("tcp = [\"localhost:{smtp}\"]\ntls = [\"localhost:{smtps}\"]")).await;

    let refused = case.failure("mail", &mail(smtp, "starttls")).await;
    assert!(refused.contains("invalid peer certificate"), "{refused}");
    case.failure("mail", &mail(smtps, "tls")).await;
}

#[tokio::test]
async fn a_python_plugin_uses_mariadb_with_and_without_tls() {
    let server = MariaDbServer::start().await;
    let case = Case::open(&format!(
        "tcp = [\"localhost:{}\"]\nca = {:?}",
        server.port(),
        server.ca_path().display().to_string()
    ))
    .await;
    let data = |options: Value| {
        json!({
            "host": "localhost", "port": server.port(), "user": mariadb::USER, "password": mariadb::PASSWORD,
            "database": mariadb::DATABASE, "options": options,
            "statements": [
                ["create table if not exists notes (id int primary key, text varchar(20))"],
                ["replace into notes values (%s, %s), (2, 'b')", 1, "ä 100 %"],
                ["select id, text from notes order by id"],
                ["show status like 'Ssl_version'"],
            ],
        })
    };

    let checked = json!({ "ssl_verify_cert": true, "ssl_verify_identity": true });
    for (options, is_encrypted) in [(json!({}), true), (checked, true), (json!({ "ssl_disabled": true }), false)] {
        let results = case.run("mysql", &data(options)).await;
        assert_eq!(results[2], json!([[1, "ä 100 %"], [2, "b"]]));
        assert_eq!(results[3][0][1] != "", is_encrypted, "{results}");
    }
}
