//! The names in a page's path.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::failure::Failure;
use super::visitor::Visitor;
use crate::segment::Named;

/// The variable segments of the path.
pub struct Segments<T>(pub T);

impl<S: Send + Sync, T: Named> FromRequestParts<S> for Segments<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        let segments = Path::<T::Segments>::from_request_parts(parts, state).await;
        let Path(segments) = segments.map_err(|error| Failure::new(error.status(), error.body_text()).of(&visitor))?;
        match T::of(segments) {
            Ok(named) => Ok(Self(named)),
            Err(error) => Err(Failure::from(error).back_to("/".to_owned(), &visitor)),
        }
    }
}
