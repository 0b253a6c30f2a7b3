//! Clients that a plugin keeps for its next job, with `isolation = "reuse"`.

use serde_json::{Value, json};

use crate::servers::Servers;

#[tokio::test]
async fn a_client_of_an_earlier_job_connects_again() {
    let servers = Servers::start().await;
    let lines = format!("{}isolation = \"reuse\"\n", servers.grants());
    let toril = servers.host("reused", "concurrency = 1\n", &lines).await;

    let mut results: Vec<Value> = Vec::new();
    for _ in 0..3 {
        results.push(servers.run(&toril, json!({})).await.succeeded().json());
    }

    assert_eq!(results, [json!([1, 1, 2]), json!([2, 3, 4]), json!([3, 5, 6])]);
}
