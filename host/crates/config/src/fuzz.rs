//! Fuzz targets for the configuration.

use std::path::Path;

use crate::{Env, diff, parse};

/// Parses any text as a configuration.
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
        assert!(text.contains(secret) || !said.contains(secret), "a secret is shown: {said}");
    }
}

#[cfg(test)]
mod tests {
    const TARGETS: &[toril_corpus::Target] = &[("configuration", super::configuration)];

    #[test]
    fn the_corpus_of_each_target_holds() {
        toril_corpus::hold(TARGETS);
    }

    #[test]
    #[ignore = "takes as long as it is given"]
    fn each_target_holds_for_a_while() {
        toril_corpus::drive(TARGETS);
    }
}
