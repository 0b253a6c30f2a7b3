//! From a template to a component, with the installed toolchain. Slow, because a compiler runs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use toril_tests::Toril;
use toril_tests::toril::engine_cache;

/// A toolchain without the target's standard library compiles that first.
const BUILD: Duration = Duration::from_secs(600);

fn root() -> PathBuf {
    let own = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&own).parent().unwrap_or(Path::new(".")).into()
}

/// Uses the workspace's crates in their locked versions.
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
    let report = toril.cli_within(BUILD, "my-greeter", run).await.succeeded().json();

    let tested = tested.expect("starts cargo");
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
    assert_eq!((&built["plugin"], &built["changed"]), (&json!("my-greeter"), &json!(true)));
    assert_eq!(again["changed"], false, "two builds of the same source differ");
    assert_eq!(report["result"], json!({ "text": "Hello, Ada!" }));
}

#[tokio::test]
async fn an_existing_project_is_never_overwritten() {
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
async fn a_name_that_would_not_build_is_rejected() {
    let toril = Toril::new();

    let refused = toril.cli_without_config(["plugin", "new", "My_Plugin", "--lang", "rust"]).await.exited(2);

    assert!(refused.stderr.contains("\"My_Plugin\" is not a valid plugin name"), "{}", refused.stderr);
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

    assert!(refused.stderr.contains("is not a plugin project"), "{}", refused.stderr);
}

/// A bundler whose bundle doubles the first item of a job's data.
#[cfg(unix)]
fn fake_bundler(toril: &Toril, project: &Path) {
    let bundle = "export const handler = {\n  describe: () => ({ description: '', jobs: [] }),\n  handle: async (job) => JSON.stringify(job.parsed[0] * 2),\n};\n";
    let file = toril.folder().join("bundle.js");
    fs::write(&file, bundle).expect("writes a bundle");
    fake_tool(&project.join("node_modules/.bin/toril-plugin-build"), &file);
}

/// A command in place of an SDK's, which copies a component to its output path.
#[cfg(unix)]
fn fake_tool(path: &Path, component: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir_all(path.parent().expect("a folder")).expect("makes the folder");
    let script = format!("#!/bin/sh\nfor last; do :; done\ncp '{}' \"$last\"\n", component.display());
    fs::write(path, script).expect("writes the command");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("makes it a program");
}

/// A Python project with an environment whose build records in `built` that it ran.
#[cfg(unix)]
fn python_project(toril: &Toril) -> PathBuf {
    let project = toril.folder().join("doubler");
    let packages = project.join(".venv/lib/python3.11/site-packages/toril_plugin-0.1.0.dist-info");
    fs::create_dir_all(&packages).expect("makes the environment");
    for (file, text) in [
        ("pyproject.toml", "[project]\nname = \"doubler\"\n"),
        ("plugin.py", "1"),
        (".venv/pyvenv.cfg", "version = 3.11.7"),
        (".venv/lib/python3.11/site-packages/toril_plugin-0.1.0.dist-info/RECORD", "a.py,sha256=1,1"),
    ] {
        fs::write(project.join(file), text).expect("writes the project");
    }
    fake_tool(&project.join(".venv/bin/toril-plugin-build"), &toril.plugin_path("double"));
    let tool = project.join(".venv/bin/toril-plugin-build");
    let script = fs::read_to_string(&tool).expect("a command") + "mkdir -p dist && echo built >> dist/built\n";
    fs::write(tool, script).expect("writes the command");
    project
}

#[cfg(unix)]
#[tokio::test]
async fn a_project_is_built_again_only_if_its_inputs_have_changed() {
    let toril = Toril::new().plugin("double");
    let project = python_project(&toril);
    let builds = async || {
        toril.cli_within(BUILD, "doubler", ["plugin", "build"]).await.succeeded();
        fs::read_to_string(project.join("dist/built")).expect("it was built").lines().count()
    };

    assert_eq!((builds().await, builds().await), (1, 1), "nothing has changed");
    fs::write(project.join("plugin.py"), "2").expect("writes a source");
    assert_eq!((builds().await, builds().await), (2, 2), "a source has changed");
    let sdk = project.join(".venv/lib/python3.11/site-packages/toril_plugin-0.1.0.dist-info/RECORD");
    fs::write(sdk, "a.py,sha256=2,1").expect("writes the SDK's digests");
    assert_eq!(builds().await, 3, "the SDK has changed");
    fs::write(project.join("plugins/doubler.wasm"), "other").expect("writes a component");
    assert_eq!(builds().await, 4, "the component is not the built one");
}

#[cfg(unix)]
#[tokio::test]
async fn a_component_goes_into_the_plugin_folder_of_the_nearest_configuration() {
    let toril = Toril::new().plugin("double");
    python_project(&toril);
    fs::write(toril.config_path(), "[host]\nplugins = \"components\"\n").expect("writes the configuration");
    let file = async |folder: &str, arguments: &[&str]| {
        toril.cli_within(BUILD, folder, arguments).await.succeeded().json()["file"].clone()
    };

    assert_eq!(file("doubler", &["plugin", "build", "--json"]).await, "../components/doubler.wasm");
    assert_eq!(file("", &["plugin", "build", "doubler", "--json"]).await, "components/doubler.wasm");
    assert!(toril.folder().join("components/doubler.wasm").is_file());
}

#[cfg(unix)]
#[tokio::test]
async fn a_typescript_project_whose_types_do_not_fit_is_not_built() {
    use std::os::unix::fs::PermissionsExt;
    let toril = Toril::new().plugin("double");
    let project = toril.folder().join("doubler");
    fake_bundler(&toril, &project);
    fs::write(project.join("package.json"), r#"{ "name": "doubler" }"#).expect("writes the project");
    fs::write(project.join("tsconfig.json"), "{}").expect("writes the project");
    let build = ["plugin", "build", "--json"];

    let unchecked = toril.cli_within(BUILD, "doubler", build).await.succeeded();
    let compiler = project.join("node_modules/.bin/tsc");
    fs::write(&compiler, "#!/bin/sh\necho 'src/plugin.ts(1,7): error TS2322'\nexit 2\n").expect("writes a compiler");
    fs::set_permissions(compiler, fs::Permissions::from_mode(0o755)).expect("makes it a program");
    let refused = toril.cli_within(BUILD, "doubler", build).await.exited(1);

    assert!(unchecked.stderr.contains("the types were not checked"), "{}", unchecked.stderr);
    assert!(refused.stderr.contains("src/plugin.ts(1,7): error TS2322"), "{}", refused.stderr);
    assert_eq!(refused.stdout, "", "standard output is for the result");
}

#[tokio::test]
async fn a_folder_without_an_sdk_of_the_language_is_rejected() {
    let toril = Toril::new();
    let sdk = root().join("sdk/rust").to_string_lossy().into_owned();

    let refused = toril.cli_without_config(["plugin", "new", "a", "--lang", "ts", "--sdk", &sdk]).await.exited(2);

    assert!(refused.stderr.contains("is not an SDK for TypeScript"), "{}", refused.stderr);
    assert!(!toril.folder().join("a").exists());
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
async fn a_javascript_project_is_bundled_by_its_own_packages() {
    let toril = Toril::new().plugin("double");
    let project = toril.folder().join("doubler");
    fs::create_dir(&project).expect("makes the project");
    let package = json!({ "name": "@team/doubler" });
    fs::write(project.join("package.json"), package.to_string()).expect("writes the project");
    let build = ["plugin", "build", "--json"];

    let missing = toril.cli_within(BUILD, "doubler", build).await.exited(1);
    fake_bundler(&toril, &project);
    let built = toril.cli_within(BUILD, "doubler", build).await.succeeded().json();
    let job = ["plugin", "test", "plugins/doubler.wasm", "--name", "any", "--data", "[21]", "--json"];
    let ran = toril.cli_within(BUILD, "doubler", job).await.succeeded().json();

    assert!(missing.stderr.contains("`npm install` in "), "{}", missing.stderr);
    assert_eq!(built["plugin"], "doubler");
    assert_eq!(ran["result"], 42);
}

#[tokio::test]
async fn a_plain_javascript_module_is_built_without_node() {
    let toril = Toril::new().config("[queues.work]\nplugin = \"doubler\"\n").cache(engine_cache());
    let source = "import { progress } from '@toril/plugin';\nexport const handle = ({ data }) => { progress(50); return data * 2; };\n";
    fs::write(toril.folder().join("doubler.mjs"), source).expect("writes the module");

    let built = toril.cli(["plugin", "build", "doubler.mjs", "--json"]).await.succeeded().json();
    let job = ["plugin", "test", "plugins/doubler.wasm", "--name", "any", "--data", "21", "--json"];
    let ran = toril.cli(job).await.succeeded().json();

    assert_eq!(built["plugin"], "doubler");
    assert_eq!((&ran["result"], &ran["progress"][0]), (&json!(42), &json!(50)), "{ran}");
}

#[tokio::test]
async fn an_error_of_a_modules_top_level_fails_the_build_with_its_line() {
    let toril = Toril::new().config("[queues.work]\nplugin = \"doubler\"\n").cache(engine_cache());
    fs::write(toril.folder().join("broken.js"), "export const handle = 1;\nnull.property;\n")
        .expect("writes the module");

    let refused = toril.cli(["plugin", "build", "broken.js"]).await.exited(1);

    assert!(refused.stderr.contains("TypeError") && refused.stderr.contains(":2"), "{}", refused.stderr);
    assert!(!toril.folder().join("plugins/broken.wasm").exists());
}
