//! Checks whether Redis evicts keys when its memory is full. Eviction loses jobs silently.

use crate::access::pool::Redis;

/// The policy that refuses writes instead of evicting keys.
const KEEPS: &str = "noeviction";

/// Warns once if a connected server may evict jobs. If a server does not answer, for example because this user may not
/// ask, the check passes.
pub async fn warn(redis: &Redis) {
    for connection in redis.connections() {
        match connection.cmd::<String>(redis::cmd("INFO").arg("memory")).await {
            Ok(info) => {
                if let Some(policy) = policy(&info).filter(|policy| *policy != KEEPS) {
                    tracing::warn!(
                        policy,
                        "Redis evicts keys, and jobs with them, when its memory is full. Set its maxmemory-policy to noeviction"
                    );
                    return;
                }
            }
            Err(error) => tracing::debug!(%error, "reading the eviction policy of Redis failed"),
        }
    }
}

/// The policy in an answer to `INFO memory`.
fn policy(info: &str) -> Option<&str> {
    info.lines().find_map(|line| line.strip_prefix("maxmemory_policy:")).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_stands_on_a_line_of_its_own() {
        let info = "# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\nallocator:x\r\n";
        assert_eq!(policy(info), Some("allkeys-lru"));
        assert_eq!(policy("# Memory\r\n"), None);
    }
}
