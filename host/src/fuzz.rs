//! What a fuzzer drives: everything that parses what others wrote, a function each. They check what has to hold of any
//! input. Built for `cargo xtask fuzz`, and for the test that runs them on the inputs of `fuzz/corpus`.

use std::path::Path;

pub use crate::http::fuzz::{form, request};
pub use crate::plugin::fuzz::{component, manifest};
pub use crate::queue::fuzz::{job, new_job};

use crate::config::{Env, diff, parse};

/// A configuration, as somebody has written it.
pub fn configuration(data: &[u8]) {
    const SECRET: &str = "word-of-the-environment";
    let Ok(text) = std::str::from_utf8(data) else { return };
    let env = Env::of([("SECRET", SECRET), ("REDIS_URL", "redis://user:word-of-redis@localhost")]);
    let said = match parse(text, Path::new("queues.toml"), &env) {
        Ok(config) => {
            assert!(diff(&config, &config).is_empty(), "a configuration differs from itself");
            format!("{config:?}")
        }
        Err(problems) => problems.to_string(),
    };
    for secret in [SECRET, "word-of-redis"] {
        assert!(text.contains(secret) || !said.contains(secret), "a secret is told: {said}");
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// Runs a target on its inputs, on those cut short, and on those with a byte changed.
    fn hold(name: &str, target: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
        let mut inputs = 0;
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let input = fs::read(entry.expect("an entry").path()).expect("an input");
            target(&input);
            let step = input.len() / 64 + 1;
            for place in (0..input.len()).step_by(step) {
                target(&input[..place]);
                let mut changed = input.clone();
                changed[place] ^= 1 << (place % 8);
                target(&changed);
            }
            inputs += 1;
        }
        assert!(inputs > 0, "{} is empty", folder.display());
    }

    #[test]
    fn the_corpus_of_each_target_holds() {
        let targets: [(&str, fn(&[u8])); 7] = [
            ("configuration", super::configuration),
            ("job", super::job),
            ("new_job", super::new_job),
            ("manifest", super::manifest),
            ("component", super::component),
            ("form", super::form),
            ("request", super::request),
        ];
        for (name, target) in targets {
            hold(name, target);
        }
    }
}
