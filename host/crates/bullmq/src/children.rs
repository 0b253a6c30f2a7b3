//! A job's children. BullMQ stores them by their full keys.

use bullmq::{Error, Queue};
use redis::Script;
use serde_json::Value;

use super::job_key::job_of_key;
use super::stored::parse;
use toril_job::{ChildPage, ChildState, ContextError, Dependencies, JobId, JobRef};

/// The most children of one job whose results or failures one call returns.
const MOST: usize = 100_000;
/// The most bytes of their keys and results, or failures.
const BYTES: usize = 16 << 20;

/// The most children of one page.
const PAGE: u32 = 1000;

/// Returns a page of a hash: the next cursor, the size of the page, and its fields and values if they are not too large
/// together.
const SCAN: &str = r"
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local size = 0
for _, text in ipairs(page[2]) do
  size = size + #text
end
if size > tonumber(ARGV[3]) then return { page[1], size, {} } end
return { page[1], size, page[2] }
";

/// Returns the fields of a hash, if they are not too many and not too large together. Otherwise it returns their number
/// and size without reading them.
const READ: &str = r"
local count = redis.call('HLEN', KEYS[1])
if count > tonumber(ARGV[1]) then return { count, 0, {} } end
local size = 0
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  size = size + #field + redis.call('HSTRLEN', KEYS[1], field)
end
if size > tonumber(ARGV[2]) then return { count, size, {} } end
return { count, size, redis.call('HGETALL', KEYS[1]) }
";

/// The return values of completed children.
pub async fn values(queue: &Queue, id: &JobId, prefix: &str) -> Result<Vec<(JobRef, Value)>, ContextError> {
    let values = hash(queue, id, "processed", "results").await?;
    Ok(by_job(values, prefix).map(|(job, value)| (job, parse(&value))).collect())
}

/// The failure reasons of children whose failure is ignored.
pub async fn ignored(queue: &Queue, id: &JobId, prefix: &str) -> Result<Vec<(JobRef, String)>, ContextError> {
    Ok(by_job(hash(queue, id, "failed", "failures").await?, prefix).collect())
}

/// The children in one state, page by page.
pub async fn list(
    queue: &Queue,
    id: &JobId,
    prefix: &str,
    state: ChildState,
    cursor: u64,
    count: u32,
) -> Result<ChildPage, ContextError> {
    let count = count.clamp(1, PAGE);
    let key = |part: &str| format!("{}:{part}", queue.keys().job_key(id.as_str()));
    let without_value = |found: Vec<String>, next| {
        let children = found.iter().filter_map(|key| Some((job_of_key(key, prefix)?, None))).collect();
        ChildPage { children, next }
    };
    match state {
        ChildState::Processed => scan(queue, &key("processed"), prefix, cursor, count).await,
        ChildState::Ignored => scan(queue, &key("failed"), prefix, cursor, count).await,
        ChildState::Unprocessed => {
            let mut command = redis::cmd("SSCAN");
            command.arg(key("dependencies")).arg(cursor).arg("COUNT").arg(count);
            let (next, found): (u64, Vec<String>) = queue.connection().cmd(&mut command).await.map_err(unavailable)?;
            Ok(without_value(found, next))
        }
        ChildState::Failed => {
            let end = cursor.saturating_add(count.into());
            let mut command = redis::cmd("ZRANGE");
            // One more than the page: if it exists, there is another page.
            command.arg(key("unsuccessful")).arg(i64::try_from(cursor).unwrap_or(i64::MAX));
            command.arg(i64::try_from(end).unwrap_or(i64::MAX));
            let mut found: Vec<String> = queue.connection().cmd(&mut command).await.map_err(unavailable)?;
            let more = found.len() > count as usize;
            found.truncate(count as usize);
            Ok(without_value(found, if more { end } else { 0 }))
        }
    }
}

/// A page of the children that are the fields of a hash.
async fn scan(queue: &Queue, key: &str, prefix: &str, cursor: u64, count: u32) -> Result<ChildPage, ContextError> {
    let script = Script::new(SCAN);
    let mut call = script.prepare_invoke();
    call.key(key).arg(cursor).arg(count).arg(BYTES);
    let answer = call.invoke_async(&mut queue.connection().connection()).await;
    let (next, size, found): (u64, usize, Vec<(String, String)>) = answer.map_err(|error| unavailable(error.into()))?;
    if size > BYTES {
        return Err(ContextError::Invalid(format!(
            "a page of {count} children has {size} bytes, and one call returns at most {BYTES}: list fewer at a time"
        )));
    }
    let children = by_job(found, prefix).map(|(job, value)| (job, Some(value))).collect();
    Ok(ChildPage { children, next })
}

/// The number of children in each state.
pub async fn count(queue: &Queue, id: &JobId) -> Result<Dependencies, ContextError> {
    counts(queue, id).await.map_err(unavailable)
}

/// The same as [`count`], with the error of BullMQ's client.
pub async fn counts(queue: &Queue, id: &JobId) -> Result<Dependencies, Error> {
    let key = queue.keys().job_key(id.as_str());
    let mut pipe = redis::pipe();
    pipe.cmd("HLEN").arg(format!("{key}:processed")).cmd("SCARD").arg(format!("{key}:dependencies"));
    pipe.cmd("HLEN").arg(format!("{key}:failed")).cmd("ZCARD").arg(format!("{key}:unsuccessful"));
    let (processed, unprocessed, ignored, failed) = queue.connection().pipe(&pipe).await?;
    Ok(Dependencies { processed, unprocessed, ignored, failed })
}

/// The children of one kind. `what` names them in errors. Fails if they are more than a host can hold for each of its
/// attempts.
async fn hash(queue: &Queue, id: &JobId, part: &str, what: &str) -> Result<Vec<(String, String)>, ContextError> {
    let script = Script::new(READ);
    let mut call = script.prepare_invoke();
    call.key(format!("{}:{part}", queue.keys().job_key(id.as_str()))).arg(MOST).arg(BYTES);
    let answer = call.invoke_async(&mut queue.connection().connection()).await;
    let (count, size, found): (usize, usize, Vec<(String, String)>) =
        answer.map_err(|error| unavailable(error.into()))?;
    if count > MOST {
        return Err(ContextError::Invalid(format!(
            "the job has {what} of {count} children, and one call returns those of at most {MOST}: use fewer children, or nest them"
        )));
    }
    if size > BYTES {
        return Err(ContextError::Invalid(format!(
            "the {what} of the job's children have {size} bytes in total, and one call returns at most {BYTES}: return less from each child"
        )));
    }
    Ok(found)
}

fn unavailable(error: Error) -> ContextError {
    ContextError::Unavailable(format!("reading the job's children failed: {error}"))
}

fn by_job(found: Vec<(String, String)>, prefix: &str) -> impl Iterator<Item = (JobRef, String)> {
    found.into_iter().filter_map(move |(key, value)| Some((job_of_key(&key, prefix)?, value)))
}
