//! The environment that a configuration is read in: the process's own, or a fixed one.

use std::collections::BTreeMap;
use std::env::VarError;
use std::fmt;

/// Where variables are looked up. Shows no values, since some of them are secrets.
#[derive(Clone)]
pub struct Env {
    base: Variables,
    /// Asked first: what a command puts in the place of the process's own variables.
    instead: BTreeMap<String, String>,
}

#[derive(Clone)]
enum Variables {
    /// Asked at each look-up rather than copied, so that no second copy of every secret lies in memory.
    Process,
    Fixed(BTreeMap<String, String>),
}

/// A variable whose value is not valid UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its value is not valid UTF-8")]
pub struct NotUnicode;

impl Env {
    /// The environment of this process.
    pub fn from_process() -> Self {
        Self { base: Variables::Process, instead: BTreeMap::new() }
    }

    /// The same, but for one variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.instead.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Exactly these variables, for tests and embedders.
    pub fn of<K, V>(variables: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        let pairs = variables.into_iter().map(|(k, v)| (k.into(), v.into()));
        Self { base: Variables::Fixed(pairs.collect()), instead: BTreeMap::new() }
    }

    /// The value of the variable `name`, none when it is not set. An empty value is a value here.
    pub fn get(&self, name: &str) -> Result<Option<String>, NotUnicode> {
        if let Some(value) = self.instead.get(name) {
            return Ok(Some(value.clone()));
        }
        match &self.base {
            Variables::Fixed(variables) => Ok(variables.get(name).cloned()),
            Variables::Process => match std::env::var(name) {
                Ok(value) => Ok(Some(value)),
                Err(VarError::NotPresent) => Ok(None),
                Err(VarError::NotUnicode(_)) => Err(NotUnicode),
            },
        }
    }

    /// The value of the setting `name`, none when it is not set or empty: compose files and CI systems pass a variable
    /// that they do not have as an empty one.
    pub(super) fn setting(&self, name: &str) -> Result<Option<String>, NotUnicode> {
        Ok(self.get(name)?.filter(|value| !value.is_empty()))
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.base {
            Variables::Process => f.write_str("Env(process)"),
            Variables::Fixed(variables) => f.debug_tuple("Env").field(&variables.keys().collect::<Vec<_>>()).finish(),
        }
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
    fn debug_shows_names_and_no_values() {
        let shown = format!("{:?}", Env::of([("TOKEN", "hunter2")]));
        assert!(shown.contains("TOKEN") && !shown.contains("hunter2"));
    }
}
