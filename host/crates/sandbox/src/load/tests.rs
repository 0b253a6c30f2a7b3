//! Components that a host refuses because of their interface.

use crate::testing::{Answer, TestPlugins, foreign_world, newer_version, returning};
use toril_config::Plugin;

async fn refusal(component: &[u8]) -> String {
    let test = TestPlugins::new();
    test.write("work", component);
    let error = test.plugins.prepare("work", &Plugin::default()).await.expect_err("refused");
    error.to_string()
}

#[tokio::test]
async fn a_plugin_of_the_served_version_is_loaded() {
    let test = TestPlugins::new();
    test.write("work", &returning(&Answer::Result("1")));

    let prepared = test.plugins.prepare("work", &Plugin::default()).await.expect("loads");

    assert_eq!(prepared.version().interface, "0.2.0");
}

#[tokio::test]
async fn a_plugin_of_a_newer_version_is_refused_with_its_version_and_the_served_one() {
    let error = refusal(&newer_version()).await;

    assert!(error.contains("work.wasm is not a plugin for this host"), "{error}");
    assert!(error.contains("it exports toril:plugin/handler@9.0.0"), "{error}");
    assert!(error.contains("toril:plugin/handler of version 0.2.0"), "{error}");
}

#[tokio::test]
async fn a_component_of_another_world_is_refused_with_its_exports() {
    let error = refusal(&foreign_world()).await;

    assert!(error.contains("it exports greet, and a plugin exports toril:plugin/handler"), "{error}");
}
