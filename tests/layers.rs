//! CONTRIBUTING.md agrees with the repository: each crate of the host depends only on those that the page lists for it,
//! and the files to change exist.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// The heading above the table.
const HEADING: &str = "### Layers";
/// The heading above the files of each kind of change.
const CHANGES: &str = "### Where does my change go?";
/// What the last column of the table is about: the crates that tie a layer to WebAssembly, to Redis or to HTTP.
const GUARDED: [&str; 7] =
    ["axum", "bullmq-official", "redis", "wasmtime", "wasmtime-wasi", "wasmtime-wasi-config", "wasmtime-wasi-http"];

/// By crate, which of the guarded crates and of our own it depends on.
type Layers = BTreeMap<String, BTreeSet<String>>;

/// The names between backticks.
fn names(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn page() -> String {
    let path = toril_tests::repository().join("CONTRIBUTING.md");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The paths that a path with a list in braces stands for.
fn expanded(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
    let (list, after) = rest.split_once('}').unwrap_or_else(|| panic!("{path} has no end of its list"));
    list.split(',').map(|one| format!("{before}{one}{after}")).collect()
}

/// What the table allows.
fn allowed() -> Layers {
    let text = page();
    let (_, below) = text.split_once(HEADING).unwrap_or_else(|| panic!("CONTRIBUTING.md has no {HEADING:?}"));
    let rows = below.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, name, _, ours, guarded, _] = cells[..] else { panic!("a row of the table has four cells: {line}") };
        let name = names(name).pop_first()?;
        Some((name, &names(ours) | &names(guarded)))
    };
    rows.filter_map(row).collect()
}

/// What the manifests say. Dependencies of tests and build scripts are not part of what is built.
fn manifests() -> Layers {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--no-deps", "--offline", "--format-version=1"];
    let output =
        Command::new(cargo).args(arguments).current_dir(toril_tests::repository()).output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    let host = toril_tests::repository().join("host");
    let layers =
        packages.iter().filter(|package| std::path::Path::new(&text(&package["manifest_path"])).starts_with(&host));
    let layer = |package: &Value| {
        let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
        let built = dependencies.filter(|dependency| dependency["kind"].is_null());
        let named = built.map(|dependency| text(&dependency["name"]));
        let kept =
            named.filter(|name| name == "toril" || name.starts_with("toril-") || GUARDED.contains(&name.as_str()));
        (text(&package["name"]), kept.collect())
    };
    layers.map(layer).collect()
}

#[test]
fn every_crate_of_the_host_depends_on_those_alone_that_contributing_lists() {
    let (allowed, manifests) = (allowed(), manifests());

    let crates = |layers: &Layers| layers.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(crates(&manifests), crates(&allowed), "the crates in host/, and the rows of the table");
    for (name, dependencies) in &manifests {
        let more: Vec<_> = dependencies.difference(&allowed[name]).collect();
        assert!(more.is_empty(), "{name} depends on {more:?}, which CONTRIBUTING.md does not list under {HEADING:?}");
    }
}

#[test]
fn the_table_lists_no_dependency_that_is_gone() {
    let manifests = manifests();

    for (name, dependencies) in allowed() {
        let found = manifests.get(&name).cloned().unwrap_or_default();
        let gone: Vec<_> = dependencies.difference(&found).collect();
        assert!(gone.is_empty(), "{name} does not depend on {gone:?}: remove that from the table in CONTRIBUTING.md");
    }
}

#[test]
fn every_path_in_the_list_of_changes_exists() {
    let text = page();
    let (_, below) = text.split_once(CHANGES).unwrap_or_else(|| panic!("CONTRIBUTING.md has no {CHANGES:?}"));
    let section = below.split("\n## ").next().unwrap_or_default();
    let (root, crates) = (toril_tests::repository(), toril_tests::repository().join("host/crates"));
    let paths = names(section).into_iter().filter(|name| name.contains('/') && !name.contains(' '));
    let paths: Vec<_> = paths.flat_map(|path| expanded(&path)).collect();
    let missing: Vec<_> =
        paths.iter().filter(|path| !root.join(path).exists() && !crates.join(path).exists()).collect();
    assert!(paths.len() > 50 && missing.is_empty(), "{missing:?} of {}", paths.len());
}
