//! Chooses the credentials of a call: the value of the header `Authorization`, and the places of the API key.

use super::credentials::{Client, KeyPlace};
use super::security::{Required, Scheme, Security};
use super::token::Source;
use super::{Access, Credentials, Secret, advice};

/// The value of the header `Authorization`.
pub(super) enum Authorization<'a> {
    Nothing,
    Bearer(&'a Secret),
    Basic(&'a Secret),
    Client(Source<'a>),
}

impl Access {
    /// The places where the API key is sent.
    pub(super) fn key_places(&self) -> Vec<KeyPlace> {
        if let Some(place) = &self.credentials.key_place {
            return vec![place.clone()];
        }
        if self.withholds_key() {
            return Vec::new();
        }
        let place = |scheme: &Scheme| match scheme {
            Scheme::ApiKey(place) => Some(place.clone()),
            _ => None,
        };
        let chosen = self.chosen().unwrap_or_default();
        let places: Vec<_> = chosen.iter().filter_map(|required| place(self.scheme(&required.name))).collect();
        match places.is_empty() {
            true => vec![self.schemes().find_map(place).unwrap_or_default()],
            false => places,
        }
    }

    pub(super) fn scheme(&self, name: &str) -> &Scheme {
        self.security.as_ref().map_or(&Scheme::Unknown, |security| security.scheme(name))
    }

    fn schemes(&self) -> impl Iterator<Item = &Scheme> {
        self.security.iter().flat_map(Security::schemes)
    }

    pub(super) fn alternatives(&self) -> Vec<Vec<Required>> {
        self.security.as_ref().map(Security::alternatives).unwrap_or_default()
    }

    /// The first of the card's alternatives for which all credentials are configured.
    pub(super) fn chosen(&self) -> Option<Vec<Required>> {
        let has = |required: &Required| self.has(self.scheme(&required.name));
        self.alternatives().into_iter().find(|alternative| alternative.iter().all(has))
    }

    /// Whether the credentials for a scheme are configured.
    fn has(&self, scheme: &Scheme) -> bool {
        let Credentials { token, basic, api_key, client, token_url, .. } = &self.credentials;
        let has_client = |url: Option<&String>| client.is_some() && token_url.as_ref().or(url).is_some();
        match scheme {
            Scheme::ApiKey(_) => api_key.is_some(),
            Scheme::Basic => basic.is_some(),
            Scheme::Bearer | Scheme::OpenId => token.is_some() || has_client(None),
            Scheme::OAuth2(url) => token.is_some() || has_client(url.as_ref()),
            Scheme::MutualTls | Scheme::Unknown => false,
        }
    }

    pub(super) fn authorization(&self) -> Authorization<'_> {
        let Credentials { token, basic, .. } = &self.credentials;
        let token = || token.as_ref().map(Authorization::Bearer);
        for required in self.chosen().unwrap_or_default() {
            let found = match self.scheme(&required.name) {
                Scheme::Basic => basic.as_ref().map(Authorization::Basic),
                Scheme::Bearer | Scheme::OpenId => token().or_else(|| self.client(Some(&required))),
                Scheme::OAuth2(_) => self.client(Some(&required)).or_else(token),
                _ => None,
            };
            if let Some(found) = found {
                return found;
            }
        }
        let basic = || basic.as_ref().map(Authorization::Basic);
        token().or_else(|| self.client(None)).or_else(basic).unwrap_or(Authorization::Nothing)
    }

    /// The client that obtains tokens. `None` if the client or its token URL is unknown.
    fn client(&self, required: Option<&Required>) -> Option<Authorization<'_>> {
        let Credentials { client, token_url, prefix, .. } = &self.credentials;
        let client: &Client = client.as_ref()?;
        let url = |scheme: &Scheme| matches!(scheme, Scheme::OAuth2(Some(_)));
        let of_card = match required {
            Some(required) => Some(self.scheme(&required.name)).filter(|scheme| url(scheme)),
            None => self.schemes().find(|scheme| url(scheme)),
        };
        let of_card = of_card.and_then(|scheme| match scheme {
            Scheme::OAuth2(Some(url)) => Some(url.as_str()),
            _ => None,
        });
        let url = token_url.as_deref().or(of_card)?;
        let scopes = required.filter(|required| !required.scopes.is_empty()).map(|required| required.scopes.join(" "));
        let scheme = required.map(|required| advice::scheme_name(&required.name)).unwrap_or_default();
        let label = format!("the OAuth2 client of {}{scheme}", self.agent);
        Some(Authorization::Client(Source { client, url, scope: client.scope.clone().or(scopes), label, prefix }))
    }
}
