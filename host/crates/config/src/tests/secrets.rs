//! Secrets are loaded, but never shown.

use std::path::Path;

use super::super::{Env, parse};
use super::{config, nothing, problems, queue, section};

fn token(reference: &str) -> String {
    section(&format!("[plugins.a]\nsecrets = {{ token = {reference} }}"))
}

#[test]
fn a_secret_is_read_from_a_file_without_its_last_line_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queues.toml");
    for (content, value) in [
        ("hunter2", "hunter2"),
        ("hunter2\n", "hunter2"),
        ("hunter2\r\n", "hunter2"),
        ("hunter2\n\n", "hunter2\n"),
        (" hunter2 ", " hunter2 "),
    ] {
        std::fs::write(folder.path().join("token"), content).unwrap();
        let config = parse(&token("\"file:token\""), &path, &nothing()).unwrap();
        assert_eq!(config.plugin("a").secrets["token"].expose(), value);
    }
}

#[test]
fn a_secret_that_is_not_there_is_named_by_plugin_key_and_place() {
    let shown = problems(&token("\"env:GITHUB_TOKEN\""), &nothing()).to_string();
    assert_eq!(
        shown,
        "error: `token` in plugins.a.secrets needs the environment variable GITHUB_TOKEN, which is not set\n --> queues.toml:4:21\n  = help: set GITHUB_TOKEN where toril is started\n\n1 problem in queues.toml"
    );
    let shown = problems(&token("\"file:/nowhere/token\""), &nothing()).to_string();
    let piece = "`token` in plugins.a.secrets needs the file /nowhere/token, which cannot be read";
    assert!(shown.contains(piece), "{shown}");
}

#[test]
fn a_file_that_is_too_large_or_not_text_is_refused_as_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    for (bytes, piece) in [(vec![b'x'; (1 << 20) + 1], "larger than 1 MiB"), (vec![0xff, 0xfe], "not valid UTF-8")] {
        std::fs::write(&path, bytes).unwrap();
        let shown = problems(&token(&format!("\"file:{}\"", path.display())), &nothing());
        assert!(shown.to_string().contains(piece), "{shown}");
    }
}

#[test]
fn a_secret_that_is_only_sent_has_an_origin_and_a_header() {
    let text = section(
        "[plugins.a]\nhttp = [\"https://a.example\"]\n[plugins.a.send_secrets]\none = { secret = \"env:TOKEN\", origin = \"https://a.example:443\" }\ntwo = { secret = \"env:TOKEN\", origin = \"https://a.example\", header = \"X-Key\" }",
    );
    let config = config(&text, &Env::of([("TOKEN", "hunter2")]));
    let secrets = config.plugin("a").send_secrets;
    assert_eq!((secrets["one"].header.as_str(), secrets["two"].header.as_str()), ("authorization", "x-key"));
    assert_eq!((&secrets["one"].origin, secrets["one"].secret.expose()), (&secrets["two"].origin, "hunter2"));
}

#[test]
fn debug_of_a_whole_configuration_shows_no_secret() {
    let text = format!("{}[redis]\nurl = \"redis://me:hunter2@localhost\"\n", token("\"env:TOKEN\""));
    let shown = format!("{:?}", config(&text, &Env::of([("TOKEN", "hunter2")])));
    assert!(shown.contains("***@localhost"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_literal_secret_is_refused_with_what_to_write_instead() {
    let shown = problems(&token("\"hunter2\""), &nothing()).to_string();
    assert!(shown.contains("write \"env:NAME\""), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn no_message_shows_a_secret_that_someone_wrote_into_the_file() {
    for text in [
        token("\"env:hunter2!\""),
        token("[\"hunter2\"]"),
        token("{ value = \"hunter2\" }"),
        section("[plugins.a]\nsecrets = \"hunter2\""),
        section("[plugins.a]\nsecret = { token = \"hunter2\" }"),
        section("[plugins.a]\nsecret = [\n 'hunter2' ]"),
        section("[plugins.a]\nhttp = [\"https://me:hunter2@host\"]"),
        section("[plugins.a]\nhttp = [\"hunter2@host\"]"),
        section("[plugins.a]\nsend_secrets = { a = { secret = \"hunter2\", origin = \"https://a\" } }"),
        section("[plugins.a]\nsend_secrets = { a = { value = \"hunter2\" } }"),
        section("[plugins.a.send_secrets]\na = \"hunter2\""),
        section("[plugins.a.send_secrets.a]\norigin = \"https://me:hunter2@host\""),
        section("[plugins.a.postgres.main]\nurl = \"postgres://me:hunter2@db\""),
        section("[plugins.a.postgres.main]\nuri = \"postgres://me:hunter2@db\""),
        section("[plugins.a.postgres.main]\nconnections = 0\nurl = \"postgres://me:hunter2@db\""),
        section("[plugins.a]\npostgres = { main = { connections = 0, url = \"postgres://me:hunter2@db\" } }"),
        section("[plugins.a.postgres]\nmain = \"postgres://me:hunter2@db\""),
        section("[plugins.a.postgres]\nurl = \"postgres://me:hunter2@db\""),
        section("[plugins.a]\npostgres = \"postgres://me:hunter2@db\""),
        section("[plugins.a]\npostgresql = \"postgres://me:hunter2@db\""),
        section("plugins = \"hunter2\""),
        section("[plugins]\ntoken = \"hunter2\""),
        section("[plugin.a]\nsecrets = { token = \"hunter2\" }"),
        section("plugins.a = { memory = 1, secrets = { token = \"hunter2\" } }"),
        section("plugins.a = { memroy = 1, secret = { token = \"hunter2\" } }"),
        section("[redis]\nurl = [\"redis://:hunter2@h\"]"),
        section("[redis]\nurl = \"redis://:hunter2@\""),
        section("[redis]\nsentinels = [\"redis://:hunter2@\"]"),
        section("[redis]\nnodes = [\"redis://:hunter2@h\"]"),
        section("[redis]\nurl = \"redis://:hunt#hunter2@h\""),
        section("[redis]\nuri = \"redis://:hunter2@h\""),
        section("[redis]\npassword = \"hunter2\""),
        section("redis = \"redis://:hunter2@h\""),
        queue("redis = \"hunter2\""),
        // These files are not valid TOML.
        section("[plugins.a.postgres.main]\nurl = \"postgres://me:hunter2@db"),
        section("[plugins.a.postgres.main]\nurl = host=db password=hunter2"),
        section("[redis]\nurl = \"redis://:hunter2@h"),
        section("[redis]\nurl = redis://:hunter2@h"),
        section("[redis]\npassword = \"hunter2"),
        section("[plugins.a]\nsecrets = { token = hunter2 }"),
        section("[plugins.a]\nsecrets = {\n  token = \"hunter2\n}"),
        section("[plugins.a.secrets]\ntoken = \"hunter2"),
        section("  [plugins.a.secrets]\n  token = 'hunter2"),
        section("[plugins.a]\nsecrets.token = \"hunter2"),
        section("[plugins.a]\nsecrets.token = 'x'\nsecrets.token = 'hunter2'"),
    ] {
        let found = problems(&text, &nothing());
        let shown = format!("{found}\n{found:?}").replace("env:hunter2!", "hunter2");
        assert!(!shown.contains("hunter2"), "{text}\n{shown}");
    }
}

#[test]
fn problems_that_are_found_later_show_no_secret_either() {
    let text = "queues.a = { plugin = \"a\" }\nplugins.a = { secrets = { token = \"env:hunter2\" } }\n";
    let config = config(text, &Env::of([("hunter2", "x")]));
    let problem = config.problem(&["plugins", "a", "memory"], "it is missing", None);
    assert_eq!((problem.line, problem.column), (2, 13));
    assert!(!problem.to_string().contains("hunter2"));
    let path = Path::new("queues.toml");
    assert_eq!(problem.file.as_deref(), Some(path));
}
