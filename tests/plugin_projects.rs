//! From a template to a component, with the toolchain that is installed. Slow: a compiler runs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use toril_tests::Toril;

/// A toolchain without the target's standard library compiles that first.
const BUILD: Duration = Duration::from_secs(600);

fn root() -> PathBuf {
    let own = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&own).parent().unwrap_or(Path::new(".")).into()
}

/// Crates that the workspace has already, in the versions that it has.
fn use_the_workspaces_crates(project: &Path) {
    fs::copy(root().join("Cargo.lock"), project.join("Cargo.lock")).expect("copies the lock file");
}

#[tokio::test]
async fn a_new_rust_plugin_passes_its_test_builds_and_runs_its_job() {
    let target = root().join("target/new-plugin");
    let toril = Toril::new().env("CARGO_TARGET_DIR", target.to_string_lossy());
    let sdk = root().join("sdk/rust").to_string_lossy().into_owned();
    toril.cli_without_config(["plugin", "new", "my-greeter", "--lang", "rust", "--sdk", &sdk]).await.succeeded();
    let project = toril.folder().join("my-greeter");
    use_the_workspaces_crates(&project);

    let tested = Command::new("cargo").arg("test").current_dir(&project).env("CARGO_TARGET_DIR", &target).output();
    let built = toril.cli_within(BUILD, "my-greeter", ["plugin", "build", "--json"]).await.succeeded().json();
    let again = toril.cli_within(BUILD, "my-greeter", ["plugin", "build", "--json"]).await.succeeded().json();
    let run = ["plugin", "test", "plugins/my-greeter.wasm", "--job", "job.json", "--json"];
    let told = toril.cli_within(BUILD, "my-greeter", run).await.succeeded().json();

    let tested = tested.expect("starts cargo");
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
    assert_eq!((&built["plugin"], &built["changed"]), (&json!("my-greeter"), &json!(true)));
    assert_eq!(again["changed"], false, "a build of the same source has other bytes");
    assert_eq!(told["result"], json!({ "text": "Hello, Ada!" }));
}

#[tokio::test]
async fn a_project_is_never_written_over() {
    let toril = Toril::new();
    let new = ["plugin", "new", "my-greeter", "--lang", "rust"];
    toril.cli_without_config(new).await.succeeded();
    let lib = toril.folder().join("my-greeter/src/lib.rs");
    fs::write(&lib, "mine").expect("writes");

    let refused = toril.cli_without_config(new).await.exited(2);

    assert!(refused.stderr.contains("my-greeter is there already"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(&lib).expect("there"), "mine");
}

#[tokio::test]
async fn a_name_that_would_not_build_is_refused() {
    let toril = Toril::new();

    let refused = toril.cli_without_config(["plugin", "new", "My_Plugin", "--lang", "rust"]).await.exited(2);

    assert!(refused.stderr.contains("\"My_Plugin\" is no name for a plugin"), "{}", refused.stderr);
    assert!(!toril.folder().join("My_Plugin").exists());
}

#[tokio::test]
async fn without_a_toolchain_build_says_what_to_install() {
    let toril = Toril::new().env("PATH", "/nowhere").env("TORIL_GUEST_TOOLCHAIN", "rustup");
    toril.cli_without_config(["plugin", "new", "my-greeter", "--lang", "rust"]).await.succeeded();

    let refused = toril.cli_without_config(["plugin", "build", "my-greeter"]).await.exited(1);

    for way in ["rustup target add wasm32-unknown-unknown", "apt-get install --no-install-recommends rustc-web"] {
        assert!(refused.stderr.contains(way), "{}", refused.stderr);
    }
}

#[tokio::test]
async fn a_folder_without_a_project_is_a_wrong_command_line() {
    let refused = Toril::new().cli_without_config(["plugin", "build"]).await.exited(2);

    assert!(refused.stderr.contains("is no plugin project"), "{}", refused.stderr);
}

/// A command that copies a component to where it is told to write one, in the place of an SDK's.
#[cfg(unix)]
fn fake_tool(path: &Path, component: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir_all(path.parent().expect("a folder")).expect("makes the folder");
    let script = format!("#!/bin/sh\nfor last; do :; done\ncp '{}' \"$last\"\n", component.display());
    fs::write(path, script).expect("writes the command");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("makes it a program");
}

#[cfg(unix)]
#[tokio::test]
async fn a_python_project_is_built_by_the_sdk_of_its_own_environment() {
    let toril = Toril::new().plugin("double");
    let project = toril.folder().join("doubler");
    fs::create_dir(&project).expect("makes the project");
    fs::write(project.join("pyproject.toml"), "[project]\nname = \"doubler\"\n").expect("writes the project");
    let build = ["plugin", "build", "--json"];

    let missing = toril.cli_within(BUILD, "doubler", build).await.exited(1);
    fake_tool(&project.join(".venv/bin/toril-plugin-build"), &toril.plugin_path("double"));
    let built = toril.cli_within(BUILD, "doubler", build).await.succeeded().json();

    assert!(missing.stderr.contains(".venv/bin/pip install -r requirements.txt"), "{}", missing.stderr);
    assert_eq!(built["plugin"], "doubler");
    assert_eq!(fs::read(project.join("plugins/doubler.wasm")).ok(), fs::read(toril.plugin_path("double")).ok());
}

#[cfg(unix)]
#[tokio::test]
async fn a_javascript_project_is_built_by_its_own_script() {
    let toril = Toril::new().plugin("double");
    let project = toril.folder().join("doubler");
    fs::create_dir(&project).expect("makes the project");
    let package =
        json!({ "name": "@team/doubler", "scripts": { "build": "toril-plugin-build src/x.ts -o dist/x.wasm" } });
    fs::write(project.join("package.json"), package.to_string()).expect("writes the project");
    let build = ["plugin", "build", "--json"];

    let missing = toril.cli_within(BUILD, "doubler", build).await.exited(1);
    fake_tool(&project.join("node_modules/.bin/toril-plugin-build"), &toril.plugin_path("double"));
    let built = toril.cli_within(BUILD, "doubler", build).await.succeeded().json();

    assert!(missing.stderr.contains("`npm install` in "), "{}", missing.stderr);
    assert_eq!(built["plugin"], "doubler");
    assert_eq!(fs::read(project.join("plugins/doubler.wasm")).ok(), fs::read(toril.plugin_path("double")).ok());
}
