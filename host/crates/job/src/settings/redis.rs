//! `[redis]`: the connection to Redis.

use std::path::PathBuf;
use std::time::Duration;

use super::redis_url::RedisUrl;

/// How to connect to Redis, and which key prefixes to use.
#[derive(Clone, Debug, PartialEq)]
pub struct Redis {
    /// The server's URL: `REDIS_URL`, otherwise `url`. None if neither is set, see [`Redis::require_url`].
    pub url: Option<RedisUrl>,
    /// The kind of deployment that the URL points to.
    pub topology: Topology,
    /// Whether the connection is encrypted: `REDIS_TLS`, otherwise `tls`, otherwise false. A `rediss://` URL always
    /// makes it true, so that no default can weaken an encrypted connection.
    pub tls: bool,
    /// A PEM file of additional CA certificates to verify the server's certificate with, beside those that browsers
    /// trust. Relative paths are already resolved against the configuration file's folder. Whether the file exists is
    /// only checked when a connection is made.
    pub ca: Option<PathBuf>,
    /// BullMQ's key prefix. Default `bull`, as in BullMQ.
    pub prefix: String,
    /// The prefix of every key that is not BullMQ's. Default `toril`.
    pub namespace: String,
    /// How long the host waits for Redis when it starts. Default 10 s.
    pub connect_timeout: Duration,
    /// The file that contains the section, for messages.
    pub file: PathBuf,
}

/// The kind of Redis deployment that the URL points to.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Topology {
    /// A single server.
    #[default]
    One,
    /// A Redis Cluster. The URL names one node, and this list names further seed nodes. User, password and TLS are
    /// those of the URL.
    Cluster(Vec<RedisUrl>),
    /// Sentinels that know the address of the master. The URL's host is the name of the master.
    Sentinels(Vec<RedisUrl>),
}

/// No Redis URL is configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no Redis server is configured: set REDIS_URL, or `url` under [redis] in {}, or use `toril dev` for a private server",
    .file.display()
)]
pub struct MissingUrl {
    /// The file that could contain it.
    pub file: PathBuf,
}

impl Redis {
    /// The configured URL, or an error that says how to configure one.
    pub fn require_url(&self) -> Result<&RedisUrl, MissingUrl> {
        self.url.as_ref().ok_or_else(|| MissingUrl { file: self.file.clone() })
    }

    /// The URL to connect to. If [`tls`](Self::tls) is set, `redis://` becomes `rediss://`.
    pub fn effective_url(&self) -> Option<RedisUrl> {
        let url = self.url.clone()?;
        Some(if self.tls { url.with_tls() } else { url })
    }
}

impl Redis {
    /// Whether all keys of a queue are in one slot. In a cluster this needs a hash tag in the queue's name or in the
    /// prefix.
    pub fn holds(&self, queue: &str) -> bool {
        !matches!(self.topology, Topology::Cluster(_)) || hash_tag(&format!("{}:{queue}:", self.prefix)).is_some()
    }
}

/// The hash tag of a key, which decides its slot in a cluster: the text between the first `{` and the next `}`, if it
/// is not empty. None: the whole key decides the slot.
pub fn hash_tag(key: &str) -> Option<&str> {
    let (_, rest) = key.split_once('{')?;
    let (tag, _) = rest.split_once('}')?;
    (!tag.is_empty()).then_some(tag)
}

/// The meaning of an empty `[redis]` in `queues.toml`.
impl Default for Redis {
    fn default() -> Self {
        Self {
            url: None,
            topology: Topology::One,
            tls: false,
            ca: None,
            prefix: "bull".to_owned(),
            namespace: "toril".to_owned(),
            connect_timeout: Duration::from_secs(10),
            file: PathBuf::from("queues.toml"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redis(url: &str, tls: bool) -> Redis {
        Redis { url: Some(url.parse().unwrap()), tls, ..Redis::default() }
    }

    #[test]
    fn tls_rewrites_the_scheme_and_nothing_else() {
        let effective = |url, tls| redis(url, tls).effective_url().unwrap();
        let rewritten = effective("redis://:hunter2@redis:6379/1", true);
        assert_eq!(rewritten.expose(), "rediss://:hunter2@redis:6379/1");
        assert_eq!(rewritten.to_string(), "rediss://***@redis:6379/1");
        assert_eq!(effective("redis://h", false).expose(), "redis://h");
        assert_eq!(effective("rediss://h", true).expose(), "rediss://h");
        assert_eq!(effective("unix:///s", true).expose(), "unix:///s");
        assert_eq!(Redis::default().effective_url(), None);
    }

    #[test]
    fn a_tag_is_between_the_first_braces() {
        assert_eq!(hash_tag("bull:{a}:{b}"), Some("a"));
        assert_eq!(hash_tag("{a{b}"), Some("a{b"));
        assert_eq!(hash_tag("{}a{b}"), None);
        assert_eq!(hash_tag("}a{b"), None);
        assert_eq!(hash_tag("a"), None);
    }

    #[test]
    fn a_cluster_holds_queues_with_a_tag_alone() {
        let cluster = |prefix: &str| Redis {
            prefix: prefix.to_owned(),
            topology: Topology::Cluster(Vec::new()),
            ..redis("redis://h", false)
        };
        assert!(cluster("bull").holds("{a}") && cluster("{bull}").holds("a"));
        assert!(!cluster("bull").holds("a") && !cluster("bull").holds("{}a"));
        assert!(redis("redis://h", false).holds("a"));
    }

    #[test]
    fn a_missing_url_is_an_error_that_says_how_to_set_one() {
        let message = Redis::default().require_url().unwrap_err().to_string();
        for word in ["REDIS_URL", "[redis] in queues.toml", "`toril dev`"] {
            assert!(message.contains(word), "{message}");
        }
        assert!(redis("redis://h", false).require_url().is_ok());
    }
}
