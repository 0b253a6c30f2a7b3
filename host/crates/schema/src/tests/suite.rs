//! Runs the official JSON Schema test suite.

use std::path::{Path, PathBuf};

use super::*;

/// Number of tests whose schemas refer to schemas outside of the document.
const ELSEWHERE: usize = 18;

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the suite is there");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files
}

#[test]
fn the_official_suite_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/schema-suite");
    let (mut tests, mut elsewhere, mut wrong) = (0, 0, Vec::new());
    for file in files(&folder).into_iter().chain(files(&folder.join("optional"))) {
        let text = std::fs::read_to_string(&file).expect("it can be read");
        let groups: Value = serde_json::from_str(&text).expect("it is JSON");
        for group in groups.as_array().expect("groups") {
            let name = group["description"].as_str().expect("a name");
            for test in group["tests"].as_array().expect("tests") {
                tests += 1;
                let wanted = test["valid"].as_bool().expect("what is right");
                let seen = fits(&group["schema"], &test["data"]);
                if seen.as_ref().is_err_and(|error| error.contains("nothing is fetched for one")) {
                    elsewhere += 1;
                } else if seen != Ok(wanted) {
                    wrong.push(format!("{} / {name} / {}: {seen:?}", file.display(), test["description"]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tests} tests are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(elsewhere, ELSEWHERE);
    assert!(tests > 1_000, "only {tests} tests");
}
