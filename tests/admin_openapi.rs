//! The OpenAPI description drives requests that nobody thought of: whatever they say, the answer is one of those that the
//! description names, and never that the host failed.

use std::fs;
use std::time::Duration;

use toril_tests::{RedisServer, Toril, python};

/// A busy machine takes its time for some thousand requests.
const BOUND: Duration = Duration::from_secs(600);

#[tokio::test]
async fn whatever_is_asked_the_host_does_not_fail_and_keeps_to_its_description() {
    let redis = RedisServer::start().await;
    let config = "[queues.work]\nplugin = \"basics\"\n[queues.other]\nplugin = \"basics\"\ndead_letter = \"work\"\n";
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;
    // A queue that is there: with random names every answer would be the same.
    let settings = toril.folder().join("schemathesis.toml");
    fs::write(&settings, "[parameters]\n\"path.queue\" = \"work\"\n").expect("the settings are written");
    let settings = settings.to_string_lossy().into_owned();
    let (description, api) = (toril.url("/api/v1/openapi.json"), toril.url("/api/v1"));
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
    // A run that asked nothing would have found nothing, too.
    assert!(output.text.contains("Selected: 39/40") && output.text.contains("Tested: 39"), "{}", output.text);
    assert!(!toril.logs().contains("panicked"), "{}", toril.logs());
}
