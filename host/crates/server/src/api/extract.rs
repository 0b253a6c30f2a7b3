//! Extractors for the parts of a request. Each error becomes a [`Problem`].

use std::error::Error;

use axum::Json;
use axum::extract::Request;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::connections::TooSlow;
use crate::problem::Problem;
use crate::segment::Unescape;

/// The variable segments of the path.
pub struct Segments<T>(pub T);

/// The query string.
pub struct Params<T>(pub T);

/// The JSON body.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Unescape + Send> FromRequestParts<S> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(segments) = Path::<T>::from_request_parts(parts, state).await?;
        Ok(Self(segments.unescape()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(params) = Query::from_request_parts(parts, state).await?;
        Ok(Self(params))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Json(body) = Json::from_request(request, state).await?;
        Ok(Self(body))
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let mut causes = std::iter::successors(rejection.source(), |error| (*error).source());
        if let Some(slow) = causes.find_map(|cause| cause.downcast_ref::<TooSlow>()) {
            return Self::new(StatusCode::REQUEST_TIMEOUT, slow.to_string());
        }
        Self::new(rejection.status(), rejection.body_text())
    }
}
