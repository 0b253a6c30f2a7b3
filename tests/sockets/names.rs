//! Look-ups of names.

use serde_json::json;
use toril_tests::{Talk, TcpServer};

use crate::Case;

/// The name of this machine, which leads to an address that is not public.
fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("the machine has a name");
    name.trim().to_lowercase()
}

#[tokio::test]
async fn only_granted_names_are_looked_up() {
    let case = Case::open("tcp = [\"localhost:1\", \"127.0.0.9:1\", \"[::1]:1\", \"does-not-exist.invalid:1\"]").await;
    let look_up = async |name: &str| case.wasi(json!({ "look-up": name })).await;

    for name in ["localhost", "LocalHost", "localhost."] {
        assert!(look_up(name).await.contains("127.0.0.1"), "{name}");
    }
    assert_eq!(look_up("127.0.0.9").await, "127.0.0.9");
    for name in ["::1", "[::1]", "0:0::1"] {
        assert_eq!(look_up(name).await, "::1", "{name}");
    }
    assert_eq!(look_up("does-not-exist.invalid").await, "name-unresolvable");
    for name in ["example.com", "127.0.0.1", "localhost.example.com", "", "\n", "a b", "127.0.0.9:1"] {
        assert_eq!(look_up(name).await, "access-denied", "{name:?}");
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_needs_private_addresses() {
    let server = TcpServer::start(Talk::Echo).await;
    let target = server.at(&machine());
    let case = Case::with("attempts = 2", &format!("tcp = [{target:?}]")).await;

    let id = case.start("talk", json!({ "server": target, "steps": [] })).await;
    let job = case.ended(&id).await;

    let reason = job["failedReason"].as_str().unwrap_or_default();
    assert!(reason.contains("which is not public; add the range to `private_addresses`"), "{reason}");
    // At the next attempt the name may lead to another address.
    assert_eq!(job["attemptsMade"], 2, "{job}");
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn private_addresses_allow_a_name_that_leads_inside() {
    let case = Case::open(&format!("tcp = [\"{}:9\"]\nprivate_addresses = [\"0.0.0.0/0\", \"::/0\"]", machine())).await;

    let found = case.wasi(json!({ "look-up": machine() })).await;

    assert!(found.split(' ').all(|address| address.parse::<std::net::IpAddr>().is_ok()), "{found}");
}
