//! Fuzz targets for the API: parsing of its requests, without their effects.

use axum::extract::Query;
use axum::http::Uri;
use serde::de::DeserializeOwned;

use super::{dead_letters, events, host, jobs, limits, queues, schedulers};
use crate::segment::{escape, unescape};
use toril_bullmq::admin::{NewFlow, NewJob, RateLimit, SchedulerRequest};

/// The query string of every operation, and the path segments.
pub fn query(uri: &Uri) {
    fn read<T: DeserializeOwned>(uri: &Uri) {
        let _read = Query::<T>::try_from_uri(uri);
    }
    read::<jobs::ListParams>(uri);
    read::<jobs::LogParams>(uri);
    read::<jobs::FlowParams>(uri);
    read::<jobs::RetryParams>(uri);
    read::<jobs::RemoveParams>(uri);
    read::<queues::DrainParams>(uri);
    read::<queues::CleanParams>(uri);
    read::<queues::ObliterateParams>(uri);
    read::<queues::PriorityParams>(uri);
    read::<queues::TrimParams>(uri);
    read::<schedulers::PageParams>(uri);
    read::<events::FollowParams>(uri);
    for segment in uri.path().split('/') {
        let name = percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned();
        let escaped = escape(&name).into_owned();
        assert!(!matches!(escaped.as_str(), "." | ".."), "a name is a step in the path");
        assert_eq!(unescape(escaped), name, "a name is another one on its way");
    }
}

/// The body of every operation.
pub fn body(body: &[u8]) {
    fn read<T: DeserializeOwned>(body: &[u8]) {
        let _read = serde_json::from_slice::<T>(body);
    }
    read::<NewJob>(body);
    read::<NewFlow>(body);
    read::<limits::Concurrency>(body);
    read::<limits::Stop>(body);
    read::<RateLimit>(body);
    read::<SchedulerRequest>(body);
    read::<jobs::Bulk>(body);
    read::<jobs::Priority>(body);
    read::<jobs::Delay>(body);
    read::<dead_letters::GiveBack>(body);
    read::<host::Wanted>(body);
}
