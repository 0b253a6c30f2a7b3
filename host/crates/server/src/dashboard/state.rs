//! The state that all pages share.

use std::sync::Arc;

use super::inside::Inside;
use crate::security::{Guard, Sessions};
use toril_bullmq::admin::Admin;

/// The state that all pages share.
#[derive(Clone)]
pub struct Dashboard {
    pub admin: Admin,
    pub inside: Arc<dyn Inside>,
    pub guard: Guard,
    pub sessions: Sessions,
}
