//! The fuzz targets of this crate.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::Value as Reply;
use serde_json::Value;

pub use super::admin::fuzz::new_job;
use super::backoff::{self, Next};
use super::claimed::Claimed;
use super::repeat::fuzz::next;

/// The longest allowed pause: a hundred years, including leap days.
const LONGEST: Duration = Duration::from_secs(101 * 366 * 24 * 3600);

/// A job with arbitrary contents, as any client may have written it. The first line contains its options, the second
/// its data, and the third its other fields.
pub fn job(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (options, payload, other) = (line(), line(), line());
    let names =
        ["name", "timestamp", "atm", "attemptsMade", "parentKey", "parent", "deid", "rjk", "defa", "stacktrace"];
    let fields = names.iter().flat_map(|name| [name.as_bytes(), other]);
    let fields: Vec<_> = fields.chain([&b"data"[..], payload, b"opts", options]).collect();
    let read = |reply: Reply| Claimed::read(&reply, "token", 1_782_770_400_000);
    let Some(job) = read(Reply::BulkString(packed(&fields))) else { return };
    let pieces = [packed(&fields), payload.to_vec()].map(Reply::BulkString);
    let data = read(Reply::Array(pieces.to_vec())).map(|job| job.data);
    assert_eq!(data.as_ref(), Some(&job.data), "data in a piece of its own");
    let _either = (job.may_retry(Some(7)), job.waited());
    for attempts in [1, 2, 7, 1000, u32::MAX] {
        let backoff = job.options.backoff.as_ref();
        let next = |random| backoff::next(backoff, &BTreeMap::new(), attempts, random);
        if let (Next::After(least), Next::After(most)) = (next(0.0), next(1.0)) {
            assert!(least <= most && most <= LONGEST, "{least:?} {most:?}");
        }
    }
    next(&job);
    if let Some(context) = &job.options.trace_context {
        let _carrier = serde_json::from_str::<toril_job::trace::Carrier>(context);
    }
    let _traces = job.traces.as_deref().map(serde_json::from_str::<Vec<String>>);
    if let Ok(data) = toril_job::Json::parse(job.data.clone()) {
        let _deep = data.value().map(|value: Value| value.to_string());
    }
}

/// Packs an array of texts as Redis' `cmsgpack` does. The texts may be invalid UTF-8.
fn packed(fields: &[&[u8]]) -> Vec<u8> {
    let size = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    // The id, the end of the token, how often it was started, and then the fields.
    let mut packed = vec![0xa1, b'7', 1, 1, 0xdd];
    packed.extend(size(fields.len()));
    for field in fields {
        packed.push(0xdb);
        packed.extend(size(field.len()));
        packed.extend(*field);
    }
    packed
}

#[cfg(test)]
mod tests {
    const TARGETS: &[toril_corpus::Target] = &[("job", super::job), ("new_job", super::new_job)];

    #[test]
    fn the_corpus_of_each_target_holds() {
        toril_corpus::hold(TARGETS);
    }

    #[test]
    #[ignore = "takes as long as it is given"]
    fn each_target_holds_for_a_while() {
        toril_corpus::drive(TARGETS);
    }
}
