//! npm packages and Node's modules in plugins: the tables of `docs/plugins/npm.md`.

use std::process::Command;

use toril_tests::{node, repository};

#[tokio::test]
async fn packages_and_modules_return_in_a_plugin_what_they_return_in_node() {
    node::check_packages().await;
}

#[test]
fn the_manuals_table_of_packages_is_that_of_the_tests() {
    let folder = repository().join("tests/npm");
    let output = Command::new("node").current_dir(&folder).args(["page.mjs", "--check"]).output().expect("Node starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
