//! Extractors for the parts of a request. Each error becomes a [`Problem`].

use std::error::Error;

use axum::Json;
use axum::extract::Request;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::connections::TooSlow;
use crate::problem::Problem;
use crate::segment::Named;
use toril_bullmq::admin::Admin;
use toril_job::{JobId, QueueName};

/// The queue that the path names, and the operations on it.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InQueue {
    #[param(ignore)]
    pub admin: Admin,
    /// The queue
    #[param(value_type = String)]
    pub queue: QueueName,
}

/// The job that the path names, and the operations on it.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OnJob {
    #[param(ignore)]
    pub admin: Admin,
    /// The queue
    #[param(value_type = String)]
    pub queue: QueueName,
    /// The job
    #[param(value_type = String)]
    pub id: JobId,
}

/// Something else in a queue, by its id: a job scheduler, or a deduplication id.
pub struct OnEntry {
    pub admin: Admin,
    pub queue: QueueName,
    pub id: String,
}

/// The query string.
pub struct Params<T>(pub T);

/// The JSON body.
pub struct Body<T>(pub T);

impl FromRequestParts<Admin> for InQueue {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Problem> {
        Ok(Self { queue: named(parts).await?, admin: admin.clone() })
    }
}

impl FromRequestParts<Admin> for OnJob {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Problem> {
        let (queue, id) = named(parts).await?;
        Ok(Self { queue, id, admin: admin.clone() })
    }
}

impl FromRequestParts<Admin> for OnEntry {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Problem> {
        let (queue, id) = named(parts).await?;
        Ok(Self { queue, id, admin: admin.clone() })
    }
}

/// What the variable segments of the path name.
async fn named<T: Named>(parts: &mut Parts) -> Result<T, Problem> {
    let Path(segments) = Path::<T::Segments>::from_request_parts(parts, &()).await?;
    Ok(T::of(segments)?)
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
