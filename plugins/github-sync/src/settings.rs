//! The plugin's settings in `queues.toml`.

use std::time::Duration;

use toril_plugin::{Failure, config};

/// The largest limit for a resource whose index is a single document.
const MOST_KEPT: u32 = 10_000;

const DEFAULT_URL: &str = "https://api.github.com";

/// The plugin's `config` and `secrets`, validated.
pub struct Settings {
    /// Base URL of the API, without a trailing slash.
    pub api_url: String,
    pub credentials: Credentials,
    /// Number of items per request. GitHub allows at most 100.
    pub page_size: u32,
    /// Maximum number of stored items per resource and repository.
    pub keep: usize,
    /// Whether resources that support it have no such limit. For the others, `keep` is then the largest possible
    /// number.
    pub keeps_all: bool,
    /// Number of the most recently changed pull requests whose reviews are read.
    pub review_pulls: usize,
    /// Number of the most recently changed open pull requests whose check runs are read.
    pub check_pulls: usize,
    /// Number of the newest commits of the default branch whose check runs are read.
    pub check_commits: usize,
    /// Timeout of one request.
    pub request_timeout: Duration,
}

/// How the plugin authenticates to GitHub.
pub enum Credentials {
    /// Not at all: only public repositories can be read.
    None,
    /// A token that is valid until it is revoked.
    Token(String),
    /// A GitHub App, for which the plugin gets installation tokens.
    App(AppSettings),
}

/// A GitHub App.
pub struct AppSettings {
    /// The id or client id of the app.
    pub id: String,
    /// The installation whose tokens are used. `None` means the one of the repositories' owner.
    pub installation: Option<u64>,
    /// Its private key in PEM form, not parsed yet.
    pub key: String,
}

impl Settings {
    pub fn read() -> Result<Self, Failure> {
        let (keep, keeps_all) = keep(config::get("keep")?.as_deref())?;
        let url = config::get("api-url")?.unwrap_or_else(|| DEFAULT_URL.into());
        Ok(Self {
            api_url: url.trim_end_matches('/').into(),
            credentials: Credentials::read()?,
            page_size: number("page-size", 100, 1..=100)?,
            keep,
            keeps_all,
            review_pulls: number("review-pulls", 200, 1..=1_000)? as usize,
            check_pulls: number("check-pulls", 50, 0..=500)? as usize,
            check_commits: number("check-commits", 10, 0..=100)? as usize,
            request_timeout: Duration::from_secs(number("request-timeout", 20, 1..=600)?.into()),
        })
    }
}

impl Credentials {
    fn read() -> Result<Self, Failure> {
        let get = |key: &str| -> Result<Option<String>, Failure> {
            Ok(config::get(key)?.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
        };
        Self::from(get("token")?, get("app-id")?, get("installation-id")?, get("private-key")?)
    }

    fn from(
        token: Option<String>,
        id: Option<String>,
        installation: Option<String>,
        key: Option<String>,
    ) -> Result<Self, Failure> {
        match (token, id, key) {
            (token, None, None) if installation.is_none() => Ok(token.map_or(Self::None, Self::Token)),
            (Some(_), ..) => Err(Failure::fatal(
                "the plugin has both the secret `token` and a GitHub App (`app-id`, `installation-id`, `private-key`). \
                 Remove one of them from its entry in queues.toml",
            )),
            (None, Some(id), Some(key)) => Ok(Self::App(AppSettings {
                id: app_id(id)?,
                installation: installation.map(|text| installation_id(&text)).transpose()?,
                // In a single-line variable, line ends are often written as `\n`.
                key: key.replace("\\n", "\n"),
            })),
            (None, id, _) => {
                let missing = if id.is_none() { "`app-id` in its `config`" } else { "`private-key` in its `secrets`" };
                Err(Failure::fatal(format!(
                    "the plugin's GitHub App lacks {missing}. It needs `app-id` and the secret `private-key`"
                )))
            }
        }
    }
}

/// Validated because it becomes part of a key and of a JWT.
fn app_id(id: String) -> Result<String, Failure> {
    let is_valid = id.len() <= 100 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    let error = || Failure::fatal("`app-id` in the plugin's `config` is not the id or client id of a GitHub App");
    if is_valid { Ok(id) } else { Err(error()) }
}

fn installation_id(text: &str) -> Result<u64, Failure> {
    text.parse().map_err(|_| {
        Failure::fatal(
            "`installation-id` in the plugin's `config` has to be a number: the last part of the address of the \
             installation's page at GitHub",
        )
    })
}

/// The maximum number of stored items, and whether resources that support it have no limit.
fn keep(text: Option<&str>) -> Result<(usize, bool), Failure> {
    match text.map(str::trim) {
        None => Ok((1_000, false)),
        Some("all") => Ok((MOST_KEPT as usize, true)),
        Some(text) => match text.parse() {
            Ok(number) if (1..=MOST_KEPT).contains(&number) => Ok((number as usize, false)),
            _ => Err(Failure::fatal(format!(
                "`keep` in the plugin's `config` has to be \"all\" or a whole number from 1 to {MOST_KEPT}"
            ))),
        },
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

    fn app(token: &str, id: &str, installation: &str, key: &str) -> Result<Credentials, Failure> {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Credentials::from(given(token), given(id), given(installation), given(key))
    }

    #[test]
    fn an_app_has_an_id_and_a_key_and_no_token_beside_it() {
        let Ok(Credentials::App(read)) = app("", "12", "34", "a\\nb") else { panic!("an app") };
        assert_eq!((read.id.as_str(), read.installation, read.key.as_str()), ("12", Some(34), "a\nb"));
        for (settings, named) in [
            (app("t", "12", "", "key"), "`token`"),
            (app("", "12", "", ""), "`private-key`"),
            (app("", "", "", "key"), "`app-id`"),
            (app("", "", "34", ""), "`app-id`"),
            (app("", "1/2", "", "key"), "`app-id`"),
            (app("", "12", "x", "key"), "`installation-id`"),
        ] {
            let Err(Failure::Fatal(message)) = settings else { panic!("{named}") };
            assert!(message.contains(named) && !message.contains("key is"), "{message}");
        }
    }

    #[test]
    fn keep_is_a_number_or_all() {
        assert_eq!(keep(None), Ok((1_000, false)));
        assert_eq!(keep(Some(" 7 ")), Ok((7, false)));
        assert_eq!(keep(Some("all")), Ok((10_000, true)));
        for text in ["", "0", "10001", "ALL"] {
            let Err(Failure::Fatal(message)) = keep(Some(text)) else { panic!("{text}") };
            assert!(message.contains("`keep`"), "{message}");
        }
    }

    #[test]
    fn an_invalid_number_names_its_setting() {
        assert_eq!(parsed("keep", " 7 ", &(1..=10)), Ok(7));
        for text in ["", "0", "11", "-1", "many"] {
            let Err(Failure::Fatal(message)) = parsed("keep", text, &(1..=10)) else { panic!("{text}") };
            assert!(message.contains("`keep`"), "{message}");
        }
    }
}
