//! The host's replacement for handlers that run outside of a component, in a unit test.

use std::time::{Duration, SystemTime};

use crate::Json;
use crate::checkpoint::CheckpointError;
use crate::children::{ChildFailure, ChildState, ChildValue, ChildrenError, Counts, Page};
use crate::context::{Cancelled, Details};
use crate::log::Level;
use crate::progress::ProgressError;

pub(crate) fn log(level: Level, message: &str) {
    eprintln!("{level:?}: {message}");
}

pub(crate) fn set_progress(_json: &str) -> Result<(), ProgressError> {
    Ok(())
}

pub(crate) fn remaining() -> Duration {
    Duration::from_secs(3600)
}

pub(crate) fn set_data(_json: &str) -> Result<(), CheckpointError> {
    Ok(())
}

pub(crate) fn children_values() -> Result<Vec<ChildValue<Json>>, ChildrenError> {
    Ok(Vec::new())
}

pub(crate) fn ignored_failures() -> Result<Vec<ChildFailure>, ChildrenError> {
    Ok(Vec::new())
}

pub(crate) fn dependencies() -> Result<Counts, ChildrenError> {
    Ok(Counts::default())
}

pub(crate) fn list_children(_state: ChildState, _cursor: u64, _count: u32) -> Result<Page, ChildrenError> {
    Ok(Page::default())
}

pub(crate) fn details() -> Option<Details> {
    None
}

pub(crate) fn cancelled() -> Option<Cancelled> {
    None
}

pub(crate) fn config(_key: &str) -> Result<Option<String>, String> {
    Ok(None)
}

pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

pub(crate) fn sleep(time: Duration) {
    std::thread::sleep(time);
}
