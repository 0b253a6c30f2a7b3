//! Decides by the names of a component's imports and exports whether this host serves its version of the interface.

use toril_job::text::cut;

/// The served version, as written after the name of an interface.
pub const VERSION: &str = "0.2.0";

/// Prefix of the names of Toril's own interfaces.
const OWN: &str = "toril:plugin/";
/// The interface that a plugin exports.
const HANDLER: &str = "toril:plugin/handler";
/// An error message lists at most this many exports of a foreign component, and at most this many bytes of each name.
const LISTED_NAMES: usize = 5;
const NAME: usize = 200;

/// Checks that a component with these imports and exports was built for [`VERSION`]. The error names the version that
/// the component was built for and the one that this host serves.
pub fn check(imports: &[String], exports: &[String]) -> Result<(), String> {
    if !exports.iter().any(|name| interface(name, HANDLER) && is_served(name)) {
        return Err(match exports.iter().find(|name| name.starts_with(OWN)) {
            Some(other) => wrong_version("exports", other),
            None if exports.is_empty() => format!("it exports nothing, and a plugin exports {HANDLER}"),
            None => format!("it exports {}, and a plugin exports {HANDLER}", listed(exports)),
        });
    }
    match imports.iter().find(|name| name.starts_with(OWN) && !is_served(name)) {
        Some(other) => Err(wrong_version("imports", other)),
        None => Ok(()),
    }
}

/// Whether a name with a version is of this interface.
fn interface(name: &str, interface: &str) -> bool {
    name.split_once('@').is_some_and(|(name, _)| name == interface)
}

fn is_served(name: &str) -> bool {
    name.split_once('@').is_some_and(|(_, version)| version == VERSION)
}

fn wrong_version(verb: &str, name: &str) -> String {
    let name = cut(name.to_owned(), NAME);
    let interface = name.split('@').next().unwrap_or_default();
    format!(
        "it {verb} {name}, and this host serves {interface} of version {VERSION}: build it with an SDK of that version"
    )
}

/// Lists the first names and the number of the remaining ones.
fn listed(names: &[String]) -> String {
    let first: Vec<_> = names.iter().take(LISTED_NAMES).map(|name| cut(name.clone(), NAME)).collect();
    match names.len() - first.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(imports: &[&str], exports: &[&str]) -> Result<(), String> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        check(&names(imports), &names(exports))
    }

    #[test]
    fn the_served_version_is_accepted() {
        let imports = ["wasi:http/types@0.2.6", "toril:plugin/jobs@0.2.0"];
        assert_eq!(checked(&imports, &["toril:plugin/handler@0.2.0"]), Ok(()));
    }

    #[test]
    fn the_refusal_of_another_version_names_that_version_and_the_served_one() {
        for other in ["0.1.0", "0.3.0", "9.0.0", "0.2.0-rc.1"] {
            let error = checked(&[], &[&format!("toril:plugin/handler@{other}")]).expect_err(other);
            assert!(error.contains(&format!("handler@{other}")) && error.contains("version 0.2.0"), "{error}");
        }
        let error = checked(&["toril:plugin/jobs@0.3.0"], &["toril:plugin/handler@0.2.0"]).expect_err("newer");
        assert!(error.contains("jobs@0.3.0") && error.contains("version 0.2.0"), "{error}");
    }

    #[test]
    fn the_refusal_of_another_world_names_its_exports() {
        let error = checked(&[], &["wasi:http/incoming-handler@0.2.0"]).expect_err("foreign");
        assert!(error.contains("wasi:http/incoming-handler@0.2.0"), "{error}");
        let error = checked(&[], &[]).expect_err("empty");
        assert!(error.contains("exports nothing"), "{error}");
    }
}
