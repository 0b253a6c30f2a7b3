//! The fields that a form has sent, after a check that it comes from a page of the same session.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;

use super::failure::Failure;
use super::visitor::Visitor;
use crate::security;

/// The fields of a form, in their order.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Parses the body of a request.
    pub fn of(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// The first value of a field. None: the form has not sent it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a field, trimmed. None: the form has not sent it, or it is empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|text| !text.is_empty())
    }

    /// An integer that is not negative. The error is the message for the user.
    pub fn number(&self, name: &str, label: &str) -> Result<Option<u64>, String> {
        let wrong = |_| format!("{label} is a whole number that is not negative");
        self.text(name).map(|text| text.parse().map_err(wrong)).transpose()
    }

    /// A duration such as `5m`, in milliseconds.
    pub fn span(&self, name: &str, label: &str) -> Result<Option<u64>, String> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let span = humantime::parse_duration(text);
        let span = span.map_err(|_| format!("{label} is a time such as 30s, 5m or 1h 30m"))?;
        Ok(Some(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Whether a checkbox is checked.
    pub fn ticked(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Form {
    fn from(fields: [(&str, &str); N]) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let visitor = request.extensions().get::<Visitor>().cloned().ok_or_else(Failure::internal)?;
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|rejection| Failure::new(rejection.status(), rejection.body_text()).of(&visitor))?;
        let form = Self::of(&body);
        let brought = form.get("csrf").unwrap_or_default();
        match &visitor.csrf {
            Some(csrf) if !security::same(csrf, brought) => {
                let why = "this form is of another session: go back, load its page again and send it again";
                Err(Failure::new(StatusCode::FORBIDDEN, why).of(&visitor))
            }
            _ => Ok(form),
        }
    }
}
