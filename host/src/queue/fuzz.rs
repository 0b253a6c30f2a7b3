//! What a fuzzer drives of the queue side.

use std::time::Duration;

use redis::Value as Reply;
use serde_json::Value;

pub use super::admin::fuzz::new_job;
use super::backoff;
use super::claimed::Claimed;
use super::worker::fuzz::next;

/// No pause is longer: a hundred years, with their leap days.
const LONGEST: Duration = Duration::from_secs(101 * 366 * 24 * 3600);

/// A job as any client may have left it: the first line is its options, the second its data, and the third what is in its
/// other fields.
pub fn job(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut line = || Reply::BulkString(lines.next().unwrap_or_default().to_vec());
    let (options, payload, other) = (line(), line(), line());
    let mut fields = vec![other.clone(); 14];
    (fields[1], fields[2]) = (payload, options);
    let reply = Reply::Array(vec![Reply::BulkString(b"1".to_vec()), Reply::Array(fields)]);
    let Some(job) = Claimed::read(&reply, "token", 1_782_770_400_000) else { return };
    let _either = (job.may_retry(), job.waited());
    for attempts in [1, 2, 7, 1000, u32::MAX] {
        let backoff = job.options.backoff.as_ref();
        let (least, most) = (backoff::delay(backoff, attempts, 0.0), backoff::delay(backoff, attempts, 1.0));
        assert!(least <= most && most <= LONGEST, "{least:?} {most:?}");
    }
    next(&job);
    if let Some(context) = &job.options.trace_context {
        let _carrier = serde_json::from_str::<crate::telemetry::traces::Carrier>(context);
    }
    let _traces = job.traces.as_deref().map(serde_json::from_str::<Vec<String>>);
    if let Ok(data) = crate::attempt::Json::parse(job.data.clone()) {
        let _deep = data.value().map(|value: Value| value.to_string());
    }
}
