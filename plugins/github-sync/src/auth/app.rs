//! The installation of a GitHub App on one owner, and its tokens.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::Value;
use toril_plugin::http::Response;
use toril_plugin::kv::Store;
use toril_plugin::{Failure, clock, log};

use super::Exchange;
use super::jwt::Signer;
use super::sealed::{Seal, Sealed, Token};
use crate::answer::{self, Meaning, Subject};
use crate::limits::Limits;
use crate::settings::AppSettings;
use crate::stored::{document, keys};

/// A token is replaced this long before it expires. This is longer than any request may take.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// A new token is used for at least this long, even if GitHub says that it expires sooner. Otherwise each request would
/// get a token of its own. If GitHub rejects the token, it is replaced.
const SHORTEST_USE: Duration = Duration::from_secs(1);

/// A rejected JWT is signed again only if GitHub's clock differs from the host's by more than this.
const SKEW: Duration = Duration::from_secs(10);

/// The tokens of one installation.
pub struct Installation<'a> {
    app: &'a AppSettings,
    store: &'a Store,
    owner: &'a str,
    token: Option<Token>,
    /// Whether the stored token has been read.
    is_read: bool,
    /// The offset to add to the host's time, or to subtract from it, to get GitHub's time.
    clock: Clock,
}

/// GitHub's clock relative to the host's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    Ahead(Duration),
    Behind(Duration),
}

#[derive(Deserialize)]
struct Found {
    id: u64,
    suspended_at: Option<String>,
}

#[derive(Deserialize)]
struct Created {
    token: String,
    expires_at: String,
}

impl<'a> Installation<'a> {
    pub fn new(app: &'a AppSettings, store: &'a Store, owner: &'a str) -> Self {
        Self { app, store, owner, token: None, is_read: false, clock: Clock::Ahead(Duration::ZERO) }
    }

    /// A token that stays valid for at least some minutes: the stored one or a new one.
    pub fn token(&mut self, exchange: &impl Exchange) -> Result<String, Failure> {
        if !self.is_read {
            self.is_read = true;
            self.token = self.stored()?;
        }
        if let Some(token) = &self.token
            && token.until > seconds(clock::now() + MARGIN)
        {
            return Ok(token.token.clone());
        }
        let token = self.create(exchange)?;
        self.save(&token)?;
        Ok(self.token.insert(token).token.clone())
    }

    /// Drops a rejected token, so that neither this nor another attempt uses it again.
    pub fn forget(&mut self, refused: &str) {
        self.token = self.token.take().filter(|token| token.token != refused);
    }

    pub fn refused(&self) -> Failure {
        let (app, owner) = (&self.app.id, self.owner);
        Failure::fatal(format!(
            "GitHub refuses each new installation token of the app {app} for `{owner}` (401). Check the app's \
             installation on `{owner}`, and retry the job"
        ))
    }

    fn place(&self) -> String {
        keys::installation(&self.app.id, self.app.installation, self.owner)
    }

    fn stored(&self) -> Result<Option<Token>, Failure> {
        let sealed: Option<Sealed> = document(self.store.get(&self.place())?.as_ref());
        Ok(sealed.and_then(|sealed| Seal::new(&self.app.key).open(&self.place(), &sealed)))
    }

    /// Stores a token for other attempts. GitHub's ETags depend on the token, so sharing it saves the most requests.
    fn save(&self, token: &Token) -> Result<(), Failure> {
        match Seal::new(&self.app.key).seal(&self.place(), token) {
            Some(sealed) => Ok(self.store.set_json(&self.place(), &sealed)?),
            None => {
                log::warn("the installation token could not be encrypted: only this attempt uses it");
                Ok(())
            }
        }
    }

    fn create(&mut self, exchange: &impl Exchange) -> Result<Token, Failure> {
        let signer = Signer::new(&self.app.id, &self.app.key)?;
        let id = match self.app.installation {
            Some(id) => id,
            None => self.find(exchange, &signer)?,
        };
        let path = format!("/app/installations/{id}/access_tokens");
        let answer = self.ask(exchange, &signer, "POST", &path)?;
        match answer.status() {
            201 => {}
            404 => return Err(self.no_installation(exchange, &signer, &format!("installation {id}"))?),
            _ => return Err(self.failure(&answer)),
        }
        let created: Created = answer.json()?;
        let expires = humantime::parse_rfc3339(&created.expires_at);
        let expires = expires.map_err(|_| Failure::retry("GitHub's answer does not say when the token expires"))?;
        // The remaining lifetime does not depend on the clock.
        let lasts = expires.duration_since(answer.date().unwrap_or_else(|| self.now())).unwrap_or_default();
        log::info(format_args!("got an installation token for `{}`, valid for {} s", self.owner, lasts.as_secs()));
        Ok(Token { token: created.token, until: used_until(clock::now(), lasts) })
    }

    /// Finds the app's installation on the owner, which is an organisation or a user.
    fn find(&mut self, exchange: &impl Exchange, signer: &Signer) -> Result<u64, Failure> {
        for kind in ["orgs", "users"] {
            let answer = self.ask(exchange, signer, "GET", &format!("/{kind}/{}/installation", self.owner))?;
            match answer.status() {
                200 => {
                    let found: Found = answer.json()?;
                    return if found.suspended_at.is_none() { Ok(found.id) } else { Err(self.suspended()) };
                }
                404 => {}
                _ => return Err(self.failure(&answer)),
            }
        }
        Err(self.no_installation(exchange, signer, "installation there")?)
    }

    /// Sends a request as the app. If GitHub rejects the JWT and its clock differs, the JWT is signed again with
    /// GitHub's time.
    fn ask(
        &mut self,
        exchange: &impl Exchange,
        signer: &Signer,
        method: &str,
        path: &str,
    ) -> Result<Response, Failure> {
        let send = |now| -> Result<Response, Failure> {
            Ok(exchange.send(exchange.request(method, path).bearer(signer.sign(now)?))?)
        };
        let answer = send(self.now())?;
        let date = if answer.status() == 401 { answer.date() } else { None };
        match date.map(|date| Clock::of(date, clock::now())) {
            Some(clock) if self.clock.differs(clock) => {
                log::warn("GitHub's clock differs from the host's: signing with GitHub's time");
                self.clock = clock;
                send(self.now())
            }
            _ => Ok(answer),
        }
    }

    fn now(&self) -> SystemTime {
        self.clock.apply(clock::now())
    }

    /// Why there is no such installation. The app itself may not exist.
    fn no_installation(&mut self, exchange: &impl Exchange, signer: &Signer, what: &str) -> Result<Failure, Failure> {
        let answer = self.ask(exchange, signer, "GET", "/app")?;
        let (app, owner) = (&self.app.id, self.owner);
        Ok(match answer.status() {
            200 if self.app.installation.is_some() => Failure::fatal(format!(
                "the GitHub App {app} has no {what} (404). Fix `installation-id` in the \
                 plugin's `config`, or remove it: then the installation of `{owner}` is looked up"
            )),
            200 => Failure::fatal(format!(
                "the GitHub App {app} is not installed on `{owner}`: it has no {what} (404). Install the app on \
                 `{owner}`, and retry the job"
            )),
            404 => self.wrong_app(404),
            _ => self.failure(&answer),
        })
    }

    fn wrong_app(&self, status: u16) -> Failure {
        let app = &self.app.id;
        Failure::fatal(format!(
            "GitHub does not know the app {app} with this key ({status}). Set `app-id` in the plugin's `config` to the \
             app's id or client id, and the secret `private-key` to one of the app's keys that was not deleted"
        ))
    }

    fn suspended(&self) -> Failure {
        let (app, owner) = (&self.app.id, self.owner);
        Failure::fatal(format!(
            "the installation of the GitHub App {app} on `{owner}` is suspended. Unsuspend it in the settings of \
             `{owner}`, and retry the job"
        ))
    }

    /// The failure for an unexpected response.
    fn failure(&self, answer: &Response) -> Failure {
        let (app, owner) = (&self.app.id, self.owner);
        match answer::meaning(answer, Subject::Installation(owner), clock::now()) {
            Meaning::Unauthorised => self.wrong_app(401),
            Meaning::Forbidden(_) if mentions_suspension(answer) => self.suspended(),
            Meaning::Forbidden(reason) => Failure::fatal(reason),
            Meaning::Slower(asked) => Limits::new(self.store).record_hit(asked),
            Meaning::Failed(failure) => failure,
            _ => Failure::fatal(format!(
                "GitHub returned no token for the app {app} for `{owner}` ({}). Check the app's installation on \
                 `{owner}`, and retry the job",
                answer.status()
            )),
        }
    }
}

impl Clock {
    fn of(date: SystemTime, now: SystemTime) -> Self {
        date.duration_since(now).map_or_else(|error| Self::Behind(error.duration()), Self::Ahead)
    }

    fn apply(self, now: SystemTime) -> SystemTime {
        match self {
            Self::Ahead(by) => now + by,
            Self::Behind(by) => now.checked_sub(by).unwrap_or(now),
        }
    }

    fn differs(self, other: Self) -> bool {
        let by = match (self, other) {
            (Self::Ahead(one), Self::Ahead(two)) | (Self::Behind(one), Self::Behind(two)) => one.abs_diff(two),
            (Self::Ahead(one), Self::Behind(two)) | (Self::Behind(one), Self::Ahead(two)) => one + two,
        };
        by >= SKEW
    }
}

fn mentions_suspension(answer: &Response) -> bool {
    let body: Option<Value> = answer.json().ok();
    body.as_ref().and_then(|body| body["message"].as_str()).is_some_and(|message| message.contains("suspended"))
}

/// The stored end of a token's validity, in seconds since the Unix epoch. It is replaced [`MARGIN`] before that.
fn used_until(now: SystemTime, lasts: Duration) -> u64 {
    seconds(now + lasts.max(MARGIN + SHORTEST_USE))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_expires_at_once_is_not_replaced_at_each_request() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(used_until(at(1_000), Duration::from_secs(3_600)), 4_600);
        // As if the clock were an hour ahead and the response had no `Date`.
        assert_eq!(used_until(at(1_000), Duration::ZERO), seconds(at(1_000) + MARGIN + SHORTEST_USE));
    }

    #[test]
    fn a_small_difference_between_the_clocks_is_ignored() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let at = |seconds| Clock::of(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds), now);
        assert!(!at(1_000).differs(at(1_005)) && !at(995).differs(at(1_004)));
        assert!(at(1_000).differs(at(1_300)) && at(700).differs(at(1_000)));
        assert_eq!(at(400).apply(now), SystemTime::UNIX_EPOCH + Duration::from_secs(400));
    }
}
