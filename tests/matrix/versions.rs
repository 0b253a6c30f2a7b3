//! The versions that the manual names are those that the tests run.

use std::fs;

use serde_json::Value;
use toril_tests::repository;

fn read(path: &str) -> String {
    let path = repository().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("could not read {}: {error}", path.display()))
}

fn packages(folder: &str) -> Value {
    let text = read(&format!("tests/{folder}/package.json"));
    serde_json::from_str::<Value>(&text).unwrap_or_else(|error| panic!("{folder}/package.json: {error}"))["dependencies"]
        .take()
}

/// What the tests run, each as the manual's table names it.
fn tested() -> Vec<String> {
    let (node, browser) = (packages("interop"), packages("browser"));
    let version = |packages: &Value, name: &str| packages[name].as_str().unwrap_or_default().to_owned();
    let five = |packages: &Value| version(packages, "bullmq5").trim_start_matches("npm:bullmq@").to_owned();
    // The dashboard is tested with the same clients.
    assert_eq!([five(&node), version(&node, "bullmq")], [five(&browser), version(&browser, "bullmq")]);
    let requirements = read("tests/python/requirements.in");
    let python = requirements.lines().find_map(|line| line.strip_prefix("bullmq==")).expect("bullmq is required");
    vec![
        format!("BullMQ {} and {} for Node", five(&node), version(&node, "bullmq")),
        format!("BullMQ {python} for Python"),
        format!("Bull Board {}", version(&browser, "@bull-board/api")),
        "Valkey 9".to_owned(),
        "Redis 7.0".to_owned(),
    ]
}

#[test]
fn the_readme_and_the_manual_name_the_versions_that_are_tested() {
    for page in ["README.md", "docs/parity.md"] {
        let text = read(page).replace('\n', " ");
        for version in tested() {
            assert!(text.contains(&version), "{page} does not say that {version} is tested");
        }
    }
}
