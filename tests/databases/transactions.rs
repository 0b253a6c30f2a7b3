//! Transactions: what is kept, and what the end of an attempt rolls back.

use serde_json::{Value, json};

use crate::Case;

/// One connection, so that each job gets the session of the job before it.
const ONE: &str = "connections = 1\n";

async fn rows(case: &Case) -> i64 {
    case.server.number("SELECT count(*) FROM kept").await
}

async fn table(case: &Case) {
    case.server.sql("CREATE TABLE kept (n int PRIMARY KEY); GRANT ALL ON kept TO app").await;
}

/// A transaction with one insert that ends like this.
fn insert(n: i32, end: &str) -> Value {
    json!({ "steps": [format!("INSERT INTO kept VALUES ({n})")], "end": end })
}

#[tokio::test]
async fn only_a_commit_keeps_rows_however_the_attempt_ends() {
    let case = Case::open(ONE).await;
    table(&case).await;

    case.run("run", insert(1, "commit")).await;
    case.run("run", insert(2, "rollback")).await;
    case.run("run", insert(3, "leave")).await;
    assert_eq!(rows(&case).await, 1);
    case.failure("run", insert(4, "trap")).await;
    case.failure("run", insert(5, "return-error")).await;

    // The next pen has the same session, which is in no transaction.
    assert_eq!(case.value("SELECT pg_current_xact_id_if_assigned() IS NULL").await, "t");
    assert_eq!(case.value("SELECT string_agg(n::text, ',') FROM kept").await, "1");
    let open = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state LIKE 'idle in transaction%'";
    assert_eq!(case.server.number(open).await, 0);
}

#[tokio::test]
async fn a_transaction_has_the_requested_isolation_and_a_read_only_one_refuses_to_write() {
    let case = Case::open(ONE).await;
    table(&case).await;
    for isolation in ["read committed", "repeatable read", "serializable"] {
        let ended = case.run("run", json!({ "steps": [], "isolation": isolation, "end": "commit" })).await;
        assert_eq!(ended["isolation"], isolation);
    }

    let mut refused = insert(1, "commit");
    refused["read_only"] = json!(true);
    let error = case.failure("run", refused).await;

    assert!(error.contains("25006") || error.contains("read-only transaction"), "{error}");
    assert_eq!(rows(&case).await, 0);
}

#[tokio::test]
async fn a_savepoint_takes_back_a_part_of_a_transaction() {
    let case = Case::open(ONE).await;
    assert_eq!(case.run("savepoints", json!({})).await["kept"], json!([1, 3, 5]));
}

#[tokio::test]
async fn after_an_error_a_transaction_only_ends_and_the_session_works_again() {
    let case = Case::open(ONE).await;
    table(&case).await;
    let steps =
        ["BEGIN", "INSERT INTO kept VALUES (1)", "SELECT 1/0", "INSERT INTO kept VALUES (2)", "COMMIT", "SELECT 7"];

    let seen = case.session(&steps).await;

    assert_eq!(seen[2]["error"]["code"], "22012", "{seen:?}");
    assert_eq!(seen[3]["error"]["code"], "25P02", "{seen:?}");
    // The server answers a COMMIT of a failed transaction with this.
    assert_eq!(seen[4]["command"], "ROLLBACK", "{seen:?}");
    assert_eq!(seen[5]["rows"], json!([["7"]]));
    assert_eq!(rows(&case).await, 0);
}
