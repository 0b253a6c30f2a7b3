//! The text of `queues.toml`: the test's own text, and the tables that every test needs.

use std::path::PathBuf;

pub(super) struct Config {
    pub listen: String,
    /// The `url` of `[redis]`.
    pub redis: Option<String>,
    /// The `ca` of `[redis]`.
    pub ca: Option<PathBuf>,
    /// Additional lines of `[host]`.
    pub host: Vec<String>,
    pub text: String,
    /// The folder of compiled plugins. `None` for the host's default, which is in its own folder.
    pub cache: Option<PathBuf>,
    plugins: PathBuf,
}

impl Config {
    pub fn new(listen: String, plugins: PathBuf) -> Self {
        Self { listen, plugins, redis: None, ca: None, host: Vec::new(), text: String::new(), cache: None }
    }

    pub fn plugins(&self) -> &PathBuf {
        &self.plugins
    }

    /// The whole file.
    pub fn document(&self) -> String {
        let mut document = String::new();
        if let Some(url) = &self.redis
            && !self.has_table("[redis]")
        {
            document += &format!("[redis]\nurl = {url:?}\n");
            document += &self.ca.as_ref().map(|path| format!("ca = {path:?}\n")).unwrap_or_default();
            document.push('\n');
        }
        if !self.has_table("[host]") {
            document += &format!("[host]\nlisten = {:?}\nplugins = {:?}\n", self.listen, self.plugins);
            document += &self.cache.as_ref().map(|path| format!("cache = {path:?}\n")).unwrap_or_default();
            document.extend(self.host.iter().flat_map(|line| [line.as_str(), "\n"]));
            document.push('\n');
        }
        document + &self.filled_in()
    }

    fn has_table(&self, header: &str) -> bool {
        self.text.lines().any(|line| line.trim() == header)
    }

    fn filled_in(&self) -> String {
        let text = self.text.replace("{listen}", &self.listen).replace("{plugins}", &self.plugins.to_string_lossy());
        text.replace("{redis}", self.redis.as_deref().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        let mut config = Config::new("127.0.0.1:1".into(), "/p".into());
        config.redis = Some("redis://r".into());
        config.text = text.into();
        config
    }

    #[test]
    fn the_default_tables_come_before_the_tests_text() {
        let mut config = config("[queues.a]\nplugin = \"b\"\n");
        config.host.push("shutdown_timeout = \"1s\"".into());
        let expected = "[redis]\nurl = \"redis://r\"\n\n[host]\nlisten = \"127.0.0.1:1\"\nplugins = \"/p\"\n\
                        shutdown_timeout = \"1s\"\n\n[queues.a]\nplugin = \"b\"\n";
        assert_eq!(config.document(), expected);
    }

    #[test]
    fn a_test_with_its_own_tables_gets_no_default_tables() {
        let config = config("[redis]\nurl = \"{redis}\"\n[host]\nlisten = \"{listen}\"\nplugins = \"{plugins}\"\n");
        let expected = "[redis]\nurl = \"redis://r\"\n[host]\nlisten = \"127.0.0.1:1\"\nplugins = \"/p\"\n";
        assert_eq!(config.document(), expected);
    }
}
