//! `pg` and the packages over it, unchanged, in plugins.

use toril_tests::{PostgresServer, node};

#[tokio::test]
async fn pg_and_the_packages_over_it_return_in_a_plugin_what_they_return_in_node() {
    let server = PostgresServer::start().await;
    node::check_postgres_clients(&server.url()).await;
}
