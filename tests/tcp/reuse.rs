//! Clients that are older than the job.
//!
//! An earlier job made them, with `isolation = "reuse"`. Or the plugin made them at the top level of a module, while it was
//! built.

use std::fs;

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

#[tokio::test]
async fn a_socket_whose_job_ends_before_its_look_up_closes_in_the_next_job() {
    let servers = Servers::start().await;
    let lines = format!("{}isolation = \"reuse\"\n", servers.grants());
    let toril = servers.host("left", "concurrency = 1\n", &lines).await;

    let first = servers.run(&toril, json!({})).await.succeeded().json();
    let second = servers.run(&toril, json!({})).await.succeeded().json();

    assert_eq!(first, json!("opening"));
    assert_eq!(second, json!({ "hadError": false, "looked": "ECONNABORTED", "answer": "again" }));
}

#[tokio::test]
async fn a_client_at_the_top_level_of_a_module_connects_in_each_job() {
    let servers = Servers::start().await;
    let port = &servers.data("")["redis"];
    let source = servers.folder().join("top.ts");
    let text = format!(
        "import {{ Redis }} from 'ioredis';\n\
         const redis = new Redis({{ host: 'localhost', port: {port}, family: 4 }});\n\
         export const handle = async () => [await redis.incr('jobs'), redis.status];\n"
    );
    fs::write(&source, text).expect("a file");
    let toril = servers.host_of(&source, "", &servers.grants()).await;

    for job in 1..=2 {
        let result = servers.run(&toril, json!({})).await.succeeded().json();
        assert_eq!(result, json!([job, "ready"]));
    }
}
