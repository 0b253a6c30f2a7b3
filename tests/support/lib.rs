//! What the end-to-end tests are written with: real servers, a real host, real BullMQ clients.
//!
//! | module | what it offers |
//! | --- | --- |
//! | [`redis_server`] | private Redis servers that can be stopped, killed, paused and restarted: one, also with TLS, a cluster, or a master with replicas and sentinels |
//! | [`github`], [`agent`] | the servers that the example plugins talk to, whose next answers a test decides |
//! | [`a2a`] | AI agents built with the SDKs of A2A, as processes of their own |
//! | [`stub_agent`] | an A2A agent whose every answer a test decides, with any timing |
//! | [`toril`] | a host as a child process, with a configuration and plugins of its own |
//! | [`certificates`], [`tls_front`] | TLS for servers that have none, with a CA of the test's own |
//! | [`proxy`] | a network that fails: connections cut, delayed, half-open, answers lost |
//! | [`clock`] | a time of day that jumps, for one process |
//! | [`faults`] | jobs under hosts and servers that fail at seeded moments, and an account of every one of them |
//! | [`node`] | the scripts of `tests/interop`: BullMQ's own Node client |
//! | [`browser`] | the scripts of `tests/browser`: the dashboard in a real browser |
//! | [`python`] | programs of the Python environment, and scripts of `tests/interop` in Python |
//! | [`promtool`] | Prometheus's own checker |
//! | [`otlp`] | a collector of traces |
//! | [`session`] | BullMQ clients that do what a test asks, call by call: versions 5 and 6 for Node, and Python's |
//! | [`signed`] | requests to webhooks and callbacks, signed as their senders sign them |
//! | [`contents`] | everything that Redis holds of a queue, to be compared |
//! | [`http`] | the plainest HTTP client |
//! | [`wait`] | waiting until something is so, with a bound |
//!
//! These are for tests: what cannot go on panics, with a sentence that says what happened. Everything that is started
//! ends with the value that stands for it.

pub mod a2a;
pub mod agent;
pub mod browser;
pub mod certificates;
pub mod clock;
pub mod contents;
pub mod faults;
mod front;
pub mod github;
pub mod http;
pub mod node;
pub mod otlp;
mod paths;
mod ports;
mod process;
pub mod promtool;
pub mod proxy;
pub mod python;
pub mod redis_server;
pub mod scripted;
pub mod session;
pub mod signed;
pub mod stub_agent;
pub mod tls_front;
pub mod toril;
pub mod wait;

pub use a2a::A2aServer;
pub use agent::AgentServer;
pub use github::GithubServer;
pub use paths::root as repository;
pub use redis_server::{RedisCluster, RedisSentinel, RedisServer};
pub use session::{Client, Session};
pub use toril::Toril;
pub use wait::wait_until;
