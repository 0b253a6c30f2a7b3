//! The engine's conformance by difference: the same cases in Node and in a plugin.

use toril_tests::node;

#[tokio::test]
async fn the_engine_gives_what_node_gives_except_for_the_listed_differences() {
    node::check_conformance().await;
}
