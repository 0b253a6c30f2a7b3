//! A GitHub App: who says to be it, where it is installed, and which tokens it was given.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use super::world::seconds;

/// How long a token lasts at GitHub.
const HOUR: Duration = Duration::from_secs(3600);
/// The most seconds that a JWT may last.
const LONGEST: u64 = 600;

/// The one app that there is.
#[derive(Debug)]
pub(super) struct App {
    pub id: String,
    /// Of the key that it was registered with: an `RSAPublicKey` as DER.
    public_key: Vec<u8>,
    pub installations: Vec<Installation>,
    /// All that were ever given.
    pub tokens: Vec<Token>,
    /// How long the next tokens last.
    pub lifetime: Duration,
    /// Whether tokens that are given are not valid.
    pub is_broken: bool,
}

#[derive(Debug)]
pub(super) struct Installation {
    pub id: u64,
    pub owner: String,
    pub is_suspended: bool,
}

#[derive(Debug)]
pub(super) struct Token {
    pub text: String,
    installation: u64,
    expires: u64,
    pub is_revoked: bool,
}

/// What an app's request is answered with: a status and a body.
pub(super) type Reply = (u16, Value);

impl App {
    pub fn new(id: &str, pem: &str) -> Self {
        let PrivateKeyDer::Pkcs1(key) = PrivateKeyDer::from_pem_slice(pem.as_bytes()).expect("a key in PEM form")
        else {
            panic!("GitHub's keys are PKCS #1")
        };
        let pair = RsaKeyPair::from_der(key.secret_pkcs1_der()).expect("an RSA key");
        Self {
            id: id.to_owned(),
            public_key: pair.public().as_ref().to_vec(),
            installations: Vec::new(),
            tokens: Vec::new(),
            lifetime: HOUR,
            is_broken: false,
        }
    }

    /// Whether a request may be answered that is no app's own. `now` is GitHub's time.
    pub fn is_valid(&self, token: &str, now: u64) -> bool {
        let known = self.tokens.iter().find(|known| known.text == token);
        known.is_some_and(|token| {
            let installation = self.installations.iter().find(|known| known.id == token.installation);
            !self.is_broken && !token.is_revoked && now < token.expires && installation.is_some_and(|i| !i.is_suspended)
        })
    }

    /// Answers a request in the app's own name, after a look at its JWT. None: there is nothing of the kind.
    pub fn answer(&mut self, method: &str, steps: &[&str], bearer: &str, now: u64) -> Option<Reply> {
        if !matches!(steps, ["app", ..] | [_, _, "installation"]) {
            return None;
        }
        if let Err(refusal) = self.check(bearer, now) {
            return Some(refusal);
        }
        Some(match (method, steps) {
            ("GET", ["app"]) => (200, json!({ "id": self.id, "slug": "the-app" })),
            ("GET", ["orgs" | "users", owner, _]) if is_kind_of(steps[0], owner) => {
                match self.installations.iter().find(|known| known.owner.eq_ignore_ascii_case(owner)) {
                    Some(found) => {
                        let suspended = found.is_suspended.then_some("2025-01-01T00:00:00Z");
                        (200, json!({ "id": found.id, "app_id": self.id, "suspended_at": suspended }))
                    }
                    None => (404, message("Not Found")),
                }
            }
            ("POST", ["app", "installations", id, "access_tokens"]) => self.create(id, now),
            _ => (404, message("Not Found")),
        })
    }

    fn create(&mut self, id: &str, now: u64) -> Reply {
        let Some(found) = self.installations.iter().find(|known| known.id.to_string() == id) else {
            return (404, message("Not Found"));
        };
        if found.is_suspended {
            return (403, message("This installation has been suspended"));
        }
        let text = format!("ghs_secret{}", self.tokens.len());
        let expires = now + self.lifetime.as_secs();
        self.tokens.push(Token { text: text.clone(), installation: found.id, expires, is_revoked: false });
        (
            201,
            json!({ "token": text, "expires_at": super::documents::time(expires), "permissions": { "issues": "read" } }),
        )
    }

    /// What GitHub checks of a JWT.
    fn check(&self, jwt: &str, now: u64) -> Result<(), Reply> {
        let refused = |text: &str| (401, message(text));
        let undecodable = || refused("A JSON web token could not be decoded");
        let (signed, signature) = jwt.rsplit_once('.').ok_or_else(undecodable)?;
        let (head, claims) = signed.split_once('.').ok_or_else(undecodable)?;
        let json = |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
        let (head, claims) = (json(head).ok_or_else(undecodable)?, json(claims).ok_or_else(undecodable)?);
        if head["alg"] != "RS256" {
            return Err(undecodable());
        }
        let issuer = claims["iss"].as_str().map_or_else(|| claims["iss"].to_string(), str::to_owned);
        if issuer != self.id {
            return Err((404, message("Integration not found")));
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| undecodable())?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.public_key);
        key.verify(signed.as_bytes(), &signature).map_err(|_| undecodable())?;
        let (issued, expires) = (claims["iat"].as_u64().unwrap_or(u64::MAX), claims["exp"].as_u64().unwrap_or(0));
        if issued > now {
            return Err(refused(
                "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
            ));
        }
        if expires <= now {
            return Err(refused(
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the \
                 assertion expires",
            ));
        }
        if expires > now + LONGEST {
            return Err(refused("'Expiration time' claim ('exp') is too far in the future"));
        }
        Ok(())
    }
}

/// An organisation is no user, and the other way round.
fn is_kind_of(kind: &str, owner: &str) -> bool {
    owner.ends_with("-org") == (kind == "orgs")
}

fn message(text: &str) -> Value {
    json!({ "message": text, "documentation_url": "https://docs.github.com/rest" })
}

/// GitHub's time, which is so many seconds ahead of the host's.
pub(super) fn now(ahead: i64) -> u64 {
    seconds().saturating_add_signed(ahead)
}
