//! Cron patterns, as job schedulers have them.

use std::time::{SystemTime, UNIX_EPOCH};

/// The longest pattern that is taken, in bytes: room for a list of all minutes.
const LONGEST: usize = 256;

/// Says what is wrong with a cron pattern of five fields, or six with seconds before them, or with its IANA time zone.
/// By the parser that the schedule will be worked with.
pub fn check_pattern(pattern: &str, zone: &str) -> Result<(), String> {
    if pattern.len() > LONGEST || zone.len() > LONGEST {
        return Err(format!("is longer than {LONGEST} bytes"));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    match bullmq::job_scheduler::next_cron_millis(pattern, now, Some(zone), None) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err("the pattern never comes".to_owned()),
        Err(bullmq::Error::InvalidConfig(reason)) => Err(reason),
        Err(error) => Err(error.to_string()),
    }
}
