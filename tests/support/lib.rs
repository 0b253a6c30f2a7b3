//! The toolbox of the end-to-end tests: real servers, a real host, real BullMQ clients.
//!
//! | module | contents |
//! | --- | --- |
//! | [`redis_server`] | private Redis servers that can be stopped, killed, paused and restarted: one, also with TLS, a cluster, or a master with replicas and sentinels |
//! | [`postgres`] | private PostgreSQL servers that can be stopped, killed, paused and restarted, also with TLS, or with a standby |
//! | [`github`], [`agent`] | the servers that the example plugins use; a test sets their next responses |
//! | [`a2a`] | AI agents built with the A2A SDKs, as separate processes |
//! | [`stub_agent`] | an A2A agent whose every response a test sets, with any timing |
//! | [`toril`] | a host as a child process, with its own configuration and plugins |
//! | [`certificates`], [`tls_front`] | TLS for servers without it, with a CA of the test |
//! | [`tcp_server`] | servers of small protocols over TCP, also with TLS and STARTTLS, honest and hostile ones |
//! | [`proxy`] | a network that fails: connections cut, delayed, half-open, answers lost |
//! | [`clock`] | a clock for one process that a test can move |
//! | [`faults`] | jobs on hosts and servers that fail at seeded moments, and the outcome of each job |
//! | [`node`] | the scripts of `tests/interop`: BullMQ's own Node client |
//! | [`browser`] | the scripts of `tests/browser`: the dashboard in a real browser |
//! | [`python`] | programs of the Python environment, and scripts of `tests/interop` in Python |
//! | [`promtool`] | Prometheus's own checker |
//! | [`otlp`] | a collector of traces |
//! | [`session`] | BullMQ clients that do what a test asks, call by call: versions 5 and 6 for Node, and Python's |
//! | [`signed`] | requests to webhooks and callbacks, signed as their senders sign them |
//! | [`contents`] | everything that Redis holds of a queue, to be compared |
//! | [`http`] | a minimal HTTP client |
//! | [`wait`] | waiting for a condition, with a time limit |
//!
//! These modules are for tests: on an error they panic with a message. Dropping a value ends everything that it
//! started.

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
pub mod mariadb;
pub mod node;
pub mod otlp;
mod paths;
mod ports;
pub mod postgres;
mod process;
pub mod promtool;
pub mod proxy;
pub mod python;
pub mod redis_server;
pub mod scripted;
pub mod session;
pub mod signed;
pub mod stub_agent;
pub mod tcp_server;
pub mod tls_front;
pub mod toril;
pub mod wait;

pub use a2a::A2aServer;
pub use agent::AgentServer;
pub use github::GithubServer;
pub use mariadb::MariaDbServer;
pub use paths::root as repository;
pub use postgres::{PostgresPair, PostgresServer};
pub use redis_server::{RedisCluster, RedisSentinel, RedisServer};
pub use session::{Client, Session};
pub use tcp_server::{Talk, TcpServer};
pub use toril::Toril;
pub use wait::wait_until;
