//! The environment variables that a configuration reads: those of the process, or a fixed set.

use std::collections::BTreeMap;
use std::env::VarError;
use std::fmt;

/// Looks up environment variables. `Debug` shows no values, because some are secrets.
#[derive(Clone)]
pub struct Env {
    /// Variables with fixed values, which take precedence over those of the process.
    fixed: BTreeMap<String, String>,
    /// Whether other variables are read from the process. They are read at each look-up, so that memory holds no
    /// second copy of every secret.
    process: bool,
}

/// A variable whose value is not valid UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its value is not valid UTF-8")]
pub struct NotUnicode;

impl Env {
    /// The environment of this process.
    pub fn from_process() -> Self {
        Self { fixed: BTreeMap::new(), process: true }
    }

    /// An empty environment.
    pub(super) fn none() -> Self {
        Self { fixed: BTreeMap::new(), process: false }
    }

    /// Exactly these variables, for tests and embedders.
    pub fn of<K, V>(variables: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { fixed: variables.collect(), process: false }
    }

    /// The same environment, with the variable `name` set to `value`. Does not change the process's environment.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fixed.insert(name.into(), value.into());
        self
    }

    /// The value of the variable `name`, or None if it is not set. An empty value counts as a value.
    pub fn get(&self, name: &str) -> Result<Option<String>, NotUnicode> {
        if let Some(value) = self.fixed.get(name) {
            return Ok(Some(value.clone()));
        }
        if !self.process {
            return Ok(None);
        }
        match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(NotUnicode),
        }
    }

    /// The value of the setting `name`, or None if it is not set or empty. Compose files and CI systems pass unset
    /// variables as empty ones.
    pub(super) fn setting(&self, name: &str) -> Result<Option<String>, NotUnicode> {
        Ok(self.get(name)?.filter(|value| !value.is_empty()))
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.fixed.keys().collect();
        f.debug_struct("Env").field("fixed", &names).field("process", &self.process).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_is_a_value_but_no_setting() {
        let env = Env::of([("REDIS_URL", "")]);
        assert_eq!(env.get("REDIS_URL"), Ok(Some(String::new())));
        assert_eq!(env.setting("REDIS_URL"), Ok(None));
        assert_eq!(env.get("OTHER"), Ok(None));
    }

    #[test]
    fn the_process_environment_is_asked() {
        let env = Env::from_process();
        assert_eq!(env.get("PATH").ok().flatten(), std::env::var("PATH").ok());
        assert_eq!(env.get("TORIL_TEST_NEVER_SET"), Ok(None));
    }

    #[test]
    fn a_variable_can_be_put_on_top_of_the_process_environment() {
        let env = Env::from_process().with("PATH", "x");
        assert_eq!(env.get("PATH"), Ok(Some("x".to_owned())));
        assert_eq!(env.get("HOME").ok().flatten(), std::env::var("HOME").ok());
    }

    #[test]
    fn debug_shows_names_and_no_values() {
        let shown = format!("{:?}", Env::of([("TOKEN", "hunter2")]));
        assert!(shown.contains("TOKEN") && !shown.contains("hunter2"));
    }
}
