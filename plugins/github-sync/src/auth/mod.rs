//! The authentication of a request: none, a configured token, or an installation token of a GitHub App.

mod app;
mod jwt;
mod sealed;

use toril_plugin::Failure;
use toril_plugin::http::{HttpError, Request, Response};
use toril_plugin::kv::Store;

use crate::settings::{AppSettings, Credentials};

use app::Installation;

/// Sends the requests that get a token. `Api` implements it, so that every request obeys the same limits.
pub trait Exchange {
    /// A request to a path of the API, with the headers that GitHub requires.
    fn request(&self, method: &str, path: &str) -> Request;

    fn send(&self, request: Request) -> Result<Response, HttpError>;
}

/// The authentication of one attempt.
pub struct Auth<'a> {
    kind: Kind<'a>,
}

enum Kind<'a> {
    None,
    Token(&'a str),
    App(Box<Installation<'a>>),
}

impl<'a> Auth<'a> {
    /// `owner` is the owner of the repositories that are read.
    pub fn new(credentials: &'a Credentials, store: &'a Store, owner: &'a str) -> Self {
        let app = |app: &'a AppSettings| Kind::App(Box::new(Installation::new(app, store, owner)));
        let kind = match credentials {
            Credentials::None => Kind::None,
            Credentials::Token(token) => Kind::Token(token),
            Credentials::App(settings) => app(settings),
        };
        Self { kind }
    }

    /// The token for the next request. A GitHub App's token remains valid for longer than the request takes.
    pub fn bearer(&mut self, exchange: &impl Exchange) -> Result<Option<String>, Failure> {
        match &mut self.kind {
            Kind::None => Ok(None),
            Kind::Token(token) => Ok(Some((*token).to_owned())),
            Kind::App(installation) => installation.token(exchange).map(Some),
        }
    }

    /// Drops a token that GitHub has rejected. Returns whether a new one can be obtained.
    pub fn renew(&mut self, refused: &str) -> bool {
        match &mut self.kind {
            Kind::App(installation) => {
                installation.forget(refused);
                true
            }
            Kind::None | Kind::Token(_) => false,
        }
    }

    /// The failure for a token that GitHub rejects repeatedly.
    pub fn refused(&self) -> Failure {
        match &self.kind {
            Kind::App(installation) => installation.refused(),
            Kind::None | Kind::Token(_) => Failure::fatal(
                "GitHub refused the token (401): it was revoked, has expired or is not one. Set the plugin's secret \
                 `token` to a valid one and retry the job",
            ),
        }
    }
}
