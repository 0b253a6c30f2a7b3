//! The example that stores orders, `sdk/js/example/orders`.

use serde_json::json;
use toril_tests::toril::engine_cache;
use toril_tests::wait::LONG;
use toril_tests::{PostgresServer, RedisServer, Toril, wait_until};

const SCHEMA: &str = include_str!("../../sdk/js/example/orders/schema.sql");
const STOCK: &str = "INSERT INTO stock VALUES ('tea', 5); GRANT ALL ON ALL TABLES IN SCHEMA public TO app";

/// A host with the example. `line` is a further line of its entry.
async fn host(redis: &RedisServer, server: &PostgresServer, line: &str) -> Toril {
    let config = format!(
        "[queues.work]\nplugin = \"orders\"\n[plugins.orders]\n{line}\n[plugins.orders.postgres.main]\n\
         url = \"env:DATABASE_URL\"\n"
    );
    let toril = Toril::new().redis(redis.url()).plugin_as("orders-js", "orders").env("DATABASE_URL", server.url());
    let mut toril = toril.config(config).cache(engine_cache()).spawn_run();
    toril.wait_ready().await;
    toril
}

#[tokio::test]
async fn a_later_attempt_of_an_order_takes_nothing_from_the_stock_again() {
    let (redis, server) = (RedisServer::start().await, PostgresServer::start().await);
    server.sql(SCHEMA).await;
    server.sql(STOCK).await;
    let order = json!({ "customer": "Ada", "items": [{ "sku": "tea", "quantity": 2 }] }).to_string();

    // This entry does not grant the queue of the confirmation. So the attempt fails after its transaction.
    let toril = host(&redis, &server, "").await;
    let failed = toril.cli(["add", "work", "store", "--data", &order, "--wait"]).await.exited(1).stderr;
    assert!(failed.contains("add_to"), "{failed}");
    assert_eq!(server.number("SELECT available FROM stock").await, 3);
    drop(toril);

    let toril = host(&redis, &server, "add_to = [\"mails\"]").await;
    toril.cli(["retry", "work", "--all"]).await.succeeded();
    let job = wait_until("the order to be confirmed", LONG, async || {
        let job = toril.cli(["job", "mails", "order-1", "--json"]).await;
        (job.code == Some(0)).then(|| job.json())
    });
    assert_eq!(job.await["data"], json!({ "number": 1, "customer": "Ada" }));
    assert_eq!(server.number("SELECT available FROM stock").await, 3);
    assert_eq!(server.number("SELECT count(*) FROM orders").await, 1);
    assert_eq!(server.number("SELECT count(*) FROM order_items").await, 1);
}

#[tokio::test]
async fn an_order_that_the_stock_cannot_serve_fails_for_good_and_leaves_nothing() {
    let (redis, server) = (RedisServer::start().await, PostgresServer::start().await);
    server.sql(SCHEMA).await;
    server.sql(STOCK).await;
    let toril = host(&redis, &server, "add_to = [\"mails\"]").await;
    let order = json!({ "customer": "Bob", "items": [{ "sku": "tea", "quantity": 6 }] }).to_string();
    let add = ["add", "work", "store", "--data", &order, "--attempts", "3", "--wait"];
    let failed = toril.cli(add).await.exited(1).stderr;
    assert!(failed.contains("in_stock"), "{failed}");
    for table in ["orders", "order_items", "toril_steps"] {
        assert_eq!(server.number(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
}
