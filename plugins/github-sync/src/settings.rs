//! The plugin's settings in `queues.toml`.

use std::time::Duration;

use toril_plugin::{Failure, config};

const DEFAULT_URL: &str = "https://api.github.com";

/// What the entry's `config` and `secrets` say, checked.
pub struct Settings {
    /// Where the API is, without a slash at its end.
    pub api_url: String,
    pub token: Option<String>,
    /// Items that are asked for at once: GitHub gives 100 at most.
    pub page_size: u32,
    /// The most items that are kept of one resource of one repository.
    pub keep: usize,
    /// How long one request may take.
    pub request_timeout: Duration,
}

impl Settings {
    pub fn read() -> Result<Self, Failure> {
        let url = config::get("api-url")?.unwrap_or_else(|| DEFAULT_URL.into());
        Ok(Self {
            api_url: url.trim_end_matches('/').into(),
            token: config::get("token")?.filter(|token| !token.is_empty()),
            page_size: number("page-size", 100, 1..=100)?,
            keep: number("keep", 1_000, 1..=10_000)? as usize,
            request_timeout: Duration::from_secs(number("request-timeout", 20, 1..=600)?.into()),
        })
    }
}

fn number(key: &str, default: u32, allowed: std::ops::RangeInclusive<u32>) -> Result<u32, Failure> {
    config::get(key)?.map_or(Ok(default), |text| parsed(key, &text, &allowed))
}

fn parsed(key: &str, text: &str, allowed: &std::ops::RangeInclusive<u32>) -> Result<u32, Failure> {
    text.trim().parse().ok().filter(|number| allowed.contains(number)).ok_or_else(|| {
        let (least, most) = (allowed.start(), allowed.end());
        Failure::fatal(format!("`{key}` in the plugin's `config` has to be a whole number from {least} to {most}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_settings_it_is_github_itself() {
        let Ok(settings) = Settings::read() else { panic!("there are none") };
        assert_eq!((settings.api_url.as_str(), settings.page_size, settings.keep), (DEFAULT_URL, 100, 1_000));
    }

    #[test]
    fn a_number_that_is_none_or_out_of_range_names_its_setting() {
        assert_eq!(parsed("keep", " 7 ", &(1..=10)), Ok(7));
        for text in ["", "0", "11", "-1", "many"] {
            let Err(Failure::Fatal(message)) = parsed("keep", text, &(1..=10)) else { panic!("{text}") };
            assert!(message.contains("`keep`"), "{message}");
        }
    }
}
