//! Checks that a server is new enough. An old server would refuse some commands of the scripts while jobs run.

use std::fmt;

use bullmq::redis_connection::RedisConnection;
use redis::{RedisError, Value};
use tokio::time::timeout;

use super::readiness::ATTEMPT_TIMEOUT;
use crate::access::error::ConnectError;

/// The first version whose `RPOP` takes a count. Every version of Valkey is newer.
const NEEDED: Version = Version { major: 6, minor: 2 };

/// A version of Redis' commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    major: u32,
    minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The version that a server reports.
#[derive(Debug, PartialEq, Eq)]
struct Server {
    version: Version,
    /// As text for people.
    shown: String,
}

/// Refuses a server that is too old. Warns if a server does not report its version: a proxy, or a server where this
/// user may not ask.
pub async fn check(connection: &RedisConnection, url: &str) -> Result<(), ConnectError> {
    match ask(connection).await? {
        Some(server) if server.version < NEEDED => {
            Err(ConnectError::TooOld { url: url.to_owned(), found: server.shown, needed: NEEDED.to_string() })
        }
        Some(server) => {
            tracing::debug!(url, version = server.shown, "the version of the Redis server is supported");
            Ok(())
        }
        None => {
            tracing::warn!(
                url,
                needed = %NEEDED,
                "the version of the Redis server is unknown because it answers neither INFO nor HELLO, check that it is new enough"
            );
            Ok(())
        }
    }
}

/// Asks for the version. `None`: the server does not report it. `Err`: the connection was lost.
async fn ask(connection: &RedisConnection) -> Result<Option<Server>, RedisError> {
    let info = answered(connection.cmd::<String>(redis::cmd("INFO").arg("server")), "INFO").await?;
    if let Some(server) = info.as_deref().and_then(by_info) {
        return Ok(Some(server));
    }
    let hello = answered(connection.cmd::<Value>(&mut redis::cmd("HELLO")), "HELLO").await?;
    Ok(hello.as_ref().and_then(by_hello))
}

/// `None`: the server does not answer this command, or not in time. Some proxies ignore commands that they do not know.
async fn answered<T>(
    asked: impl Future<Output = Result<T, bullmq::Error>>,
    command: &'static str,
) -> Result<Option<T>, RedisError> {
    match timeout(ATTEMPT_TIMEOUT, asked).await {
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(bullmq::Error::Redis(error))) if error.is_io_error() => Err(error),
        Ok(Err(error)) => {
            tracing::debug!(command, %error, "reading the version of the Redis server failed");
            Ok(None)
        }
        Err(_) => {
            tracing::debug!(command, "the Redis server did not report its version in time");
            Ok(None)
        }
    }
}

/// Reads an answer to `INFO server`. Valkey reports the Redis version whose commands it supports, and its own version.
fn by_info(info: &str) -> Option<Server> {
    let field =
        |name: &str| info.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()));
    let text = field("redis_version")?;
    let shown = match field("valkey_version") {
        Some(valkey) => format!("Valkey {valkey}, with the commands of Redis {text}"),
        None => format!("Redis {text}"),
    };
    Some(Server { version: version(&text)?, shown })
}

/// Reads an answer to `HELLO`: names and values alternate.
fn by_hello(answer: &Value) -> Option<Server> {
    let pairs: Vec<(String, Value)> = redis::from_redis_value_ref(answer).ok()?;
    let field = |wanted: &str| {
        let (_, value) = pairs.iter().find(|(name, _)| name == wanted)?;
        redis::from_redis_value_ref::<String>(value).ok()
    };
    let text = field("version")?;
    let shown = format!("{} {text}", field("server").unwrap_or_else(|| "a server".to_owned()));
    Some(Server { version: version(&text)?, shown })
}

fn version(text: &str) -> Option<Version> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some(Version { major: parts.next()??, minor: parts.next()?? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(major: u32, minor: u32, shown: &str) -> Option<Server> {
        Some(Server { version: Version { major, minor }, shown: shown.to_owned() })
    }

    #[test]
    fn info_tells_the_version_of_redis_and_of_valkey() {
        let redis = "# Server\r\nredis_version:6.0.16\r\nredis_git_sha1:0\r\n";
        assert_eq!(by_info(redis), server(6, 0, "Redis 6.0.16"));
        let valkey = "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.2\r\n";
        assert_eq!(by_info(valkey), server(7, 2, "Valkey 9.1.2, with the commands of Redis 7.2.4"));
        assert_eq!(by_info("# Server\r\nversion:1\r\n"), None);
        assert_eq!(by_info("redis_version:unknown\r\n"), None);
    }

    #[test]
    fn hello_tells_the_version_where_info_does_not() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let answer = vec![text("server"), text("redis"), text("version"), text("6.2.1"), text("proto"), Value::Int(2)];
        assert_eq!(by_hello(&Value::Array(answer)), server(6, 2, "redis 6.2.1"));
        assert_eq!(by_hello(&Value::Array(vec![])), None);
        assert_eq!(by_hello(&Value::Okay), None);
    }

    #[test]
    fn what_is_needed_is_compared_by_number() {
        let of = |text| version(text).unwrap();
        assert!(of("6.0.20") < NEEDED && of("5.9") < NEEDED);
        assert!(of("6.2.0") >= NEEDED && of("10.0.0") >= NEEDED);
    }
}
