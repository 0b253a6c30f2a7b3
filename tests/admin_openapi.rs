//! Random requests from the OpenAPI description: the host must never fail, and must only send responses that the
//! description lists.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use toril_tests::{RedisServer, Toril, http, python};

/// Thousands of requests take long on a busy machine.
const BOUND: Duration = Duration::from_secs(600);

/// The number of operations in a description.
fn operations(description: &Value) -> usize {
    let paths = description["paths"].as_object().expect("paths").values();
    paths
        .flat_map(|path| path.as_object().expect("a path").values())
        .filter(|part| part["operationId"].is_string())
        .count()
}

#[tokio::test]
async fn random_requests_get_only_documented_responses() {
    let redis = RedisServer::start().await;
    let config = "[queues.work]\nplugin = \"basics\"\n[queues.other]\nplugin = \"basics\"\ndead_letter = \"work\"\n";
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;
    // An existing queue, because with random names all responses would be the same.
    let settings = toril.folder().join("schemathesis.toml");
    fs::write(&settings, "[parameters]\n\"path.queue\" = \"work\"\n").expect("the settings are written");
    let settings = settings.to_string_lossy().into_owned();
    let (description, api) = (toril.url("/api/v1/openapi.json"), toril.url("/api/v1"));
    let operations = operations(&http::get(&description).await.expect("an answer").json());
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

    let arguments = [
        "--config-file",
        &settings,
        "run",
        &description,
        "--url",
        &api,
        // It has no end.
        "--exclude-operation-id",
        "followEvents",
        "--checks",
        checks,
        "--phases",
        "coverage,fuzzing",
        "--max-examples",
        "20",
        "--seed",
        "20261125",
        "--request-timeout",
        "60",
        "--generation-database",
        "none",
        "--no-color",
    ];
    let output = python::run("schemathesis", toril.folder(), &arguments, BOUND).await;

    assert!(output.succeeded, "{}", output.text);
    // A run without requests would also find no errors.
    let tested = operations - 1;
    let counts = [format!("Selected: {tested}/{operations}"), format!("Tested: {tested}")];
    assert!(tested > 0 && counts.iter().all(|count| output.text.contains(count.as_str())), "{}", output.text);
    assert!(!toril.logs().contains("panicked"), "{}", toril.logs());
}
