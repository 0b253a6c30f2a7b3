//! The requests to GitHub.

use toril_plugin::http::{HttpError, Request, Response};
use toril_plugin::{Failure, clock, config, context, log};

use crate::answer::{self, Meaning};
use crate::data::Repository;
use crate::version::version;

const DEFAULT_URL: &str = "https://api.github.com";

/// The version of the REST API whose answers this plugin knows.
const API_VERSION: &str = "2022-11-28";

/// How often an answer may lead to another address: a repository that was renamed or moved does so.
const MAX_REDIRECTS: u32 = 3;

/// The most bytes that the description of a repository may have; GitHub's are some 10 KB.
const MAX_BODY: usize = 1024 * 1024;

/// GitHub's API, or that of a GitHub Enterprise Server.
pub struct Api {
    /// Without a slash at its end.
    url: String,
    token: Option<String>,
}

impl Api {
    /// Where the plugin's settings say it is.
    pub fn from_config() -> Result<Self, Failure> {
        let url = config::get("api-url")?.unwrap_or_else(|| DEFAULT_URL.into());
        let token = config::get("token")?.filter(|token| !token.is_empty());
        Ok(Self { url: url.trim_end_matches('/').into(), token })
    }

    /// What it says about a repository, and how many requests that took.
    pub fn repository(&self, repo: &str) -> Result<(Repository, u32), Failure> {
        let mut url = format!("{}/repos/{repo}", self.url);
        for requests in 1..=MAX_REDIRECTS + 1 {
            let answer = self.get(&url)?;
            match answer::meaning(&answer, repo, clock::now()) {
                Meaning::Repository => return Ok((answer::repository(&answer, repo)?, requests)),
                Meaning::Moved(to) if self.is_mine(&to) => url = to,
                Meaning::Moved(_) => {
                    return Err(Failure::fatal(format!("`{repo}` has moved to where this plugin does not follow")));
                }
                Meaning::Failed(failure) => return Err(failure),
            }
        }
        Err(Failure::fatal(format!("GitHub sends requests for `{repo}` in a circle")))
    }

    /// The token may only go to the API that it was given for.
    fn is_mine(&self, url: &str) -> bool {
        url.strip_prefix(&self.url).is_some_and(|rest| rest.starts_with('/'))
    }

    fn get(&self, url: &str) -> Result<Response, HttpError> {
        let mut request = Request::get(url)
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION)
            .header("user-agent", format!("toril-github-sync/{}", version()))
            .max_body(MAX_BODY)
            // Leaves time to say that it was GitHub that was slow.
            .timeout(context::remaining().mul_f64(0.9));
        if let Some(token) = &self.token {
            request = request.bearer(token);
        }
        let answer = request.send()?;
        log::debug(format_args!("GitHub answered with {}", answer.status()));
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_stays_with_its_api() {
        let api = Api { url: "https://api.github.com".into(), token: None };
        assert!(api.is_mine("https://api.github.com/repositories/7"));
        assert!(!api.is_mine("https://api.github.com.evil.example/repositories/7"));
        assert!(!api.is_mine("https://api.github.com@evil.example/repositories/7"));
        assert!(!api.is_mine("http://api.github.com/repositories/7"));
        assert!(!api.is_mine("/repositories/7"));
    }
}
