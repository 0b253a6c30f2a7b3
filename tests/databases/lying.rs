//! Servers that break the protocol. The call fails, and the host works on.

use serde_json::json;
use toril_tests::RedisServer;
use toril_tests::postgres::{Lie, LyingServer};

use crate::{config, host, peak};

/// Much less than what the lies announce or send.
const MEMORY_KIB: u64 = 400_000;

#[tokio::test]
async fn a_lying_server_costs_a_job_its_call_and_the_host_neither_memory_nor_time() {
    let redis = RedisServer::start().await;
    for lie in Lie::ALL {
        let server = LyingServer::start(lie).await;
        let pool = "connections = 1\nconnect_timeout = \"1s\"\nstatement_timeout = \"1s\"\nmax_bytes = \"1MiB\"\n";
        let basics = "[queues.others]\nplugin = \"basics\"\n";
        let mut toril = host(&redis, &server.url(), &(config("", pool) + basics)).await;

        for _ in 0..2 {
            let output = toril.cli(["add", "work", "query", "--data", "{\"sql\":\"SELECT 1\"}", "--wait"]).await;
            let error = output.exited(1).stderr;
            let kinds = ["unavailable", "too-large", "timeout", "invalid", "database"];
            assert!(kinds.iter().any(|kind| error.contains(kind)), "{lie:?}: {error}");
            assert!(!error.contains("trapped") && !error.contains("panic"), "{lie:?}: {error}");
        }

        let echo = ["add", "others", "echo", "--data", "{\"n\":1}", "--wait"];
        assert_eq!(toril.cli(echo).await.succeeded().json(), json!({ "n": 1 }), "{lie:?}");
        let peak = peak(&mut toril);
        assert!(peak < MEMORY_KIB, "{lie:?}: the host has used {peak} KiB of memory");
    }
}
