use toril_postgres::TransactionStatus;

use super::*;

/// Reads a cursor to its end. Returns the numbers of rows.
async fn portions(cursor: &toril_postgres::Cursor, rows: u32) -> Vec<u32> {
    let mut portions = Vec::new();
    loop {
        let answer = result(cursor.read(rows)).await.unwrap().remove(0);
        portions.push(answer.row_count);
        if !answer.command.is_empty() {
            return portions;
        }
    }
}

#[tokio::test]
async fn a_cursor_reads_portions_in_a_transaction_beside_other_calls() {
    let server = PostgresServer::start().await;
    let pool = pool(&server);
    let connection = connection(&pool);
    run(&connection, &["BEGIN"]).await;
    let first = connection.open_cursor(query("SELECT generate_series(1, 25)"));
    let second = connection.open_cursor(query("SELECT generate_series(1, 3)"));

    let answer = result(first.read(10)).await.unwrap().remove(0);
    assert_eq!((answer.row_count, answer.columns.len(), answer.command.as_str()), (10, 1, ""));
    assert_eq!(portions(&second, 2).await, [2, 1]);
    assert_eq!(value(&connection, "SELECT 7").await, "7");
    assert_eq!(portions(&first, 10).await, [10, 5]);
    assert_eq!(portions(&first, 10).await, [0]);
    drop(first);
    run(&connection, &["COMMIT"]).await;
}

#[tokio::test]
async fn a_cursor_outside_of_a_transaction_allows_no_other_call_until_it_ends_or_is_dropped() {
    let server = PostgresServer::start().await;
    let pool = pool_of_one(&server);
    let first = connection(&pool);
    let cursor = first.open_cursor(query("SELECT generate_series(1, 100)"));
    result(cursor.read(10)).await.unwrap();

    let refused = result(first.query(query("SELECT 1"))).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    assert_eq!(portions(&cursor, 40).await, [40, 40, 10]);
    assert_eq!(value(&first, "SELECT 1").await, "1");

    let dropped = first.open_cursor(query("SELECT generate_series(1, 100)"));
    result(dropped.read(10)).await.unwrap();
    drop(dropped);
    assert_eq!(value(&first, "SELECT 1").await, "1");

    // A cursor that is open at the end leaves nothing.
    let left = first.open_cursor(query("SELECT generate_series(1, 100)"));
    result(left.read(10)).await.unwrap();
    let process = server.value("SELECT pid FROM pg_stat_activity WHERE usename = 'app'").await;
    first.release().wait().await;
    assert_eq!(backend(&connection(&pool)).await, process);
}

#[tokio::test]
async fn a_cursor_that_is_dropped_before_its_first_portion_is_there_does_not_block_the_connection() {
    let server = PostgresServer::start().await;
    let pool = pool(&server);
    let connection = connection(&pool);
    let cursor = connection.open_cursor(query("SELECT generate_series(1, 100)"));
    let first = cursor.read(10);

    drop(cursor);

    assert_eq!(result(first).await.unwrap()[0].row_count, 10);
    assert_eq!(connection.transaction_status(), TransactionStatus::Idle);
    assert_eq!(value(&connection, "SELECT 1").await, "1");
}

#[tokio::test]
async fn a_cursor_ends_with_its_transaction_and_with_its_first_error() {
    let server = PostgresServer::start().await;
    let pool = pool(&server);
    let connection = connection(&pool);
    run(&connection, &["BEGIN"]).await;
    let cursor = connection.open_cursor(query("SELECT generate_series(1, 100)"));
    result(cursor.read(10)).await.unwrap();
    run(&connection, &["COMMIT"]).await;
    assert_eq!(code(result(cursor.read(10)).await), "34000");

    let failing = connection.open_cursor(query("SELECT 10 / (15 - a) FROM generate_series(1, 20) a"));
    assert!(result(failing.read(10)).await.is_ok());
    assert_eq!(code(result(failing.read(10)).await), "22012");
    assert!(matches!(result(failing.read(10)).await, Err(Error::Invalid(_))));
    assert_eq!(value(&connection, "SELECT 1").await, "1");
}

#[tokio::test]
async fn a_large_answer_is_read_in_portions_and_each_has_its_own_limit() {
    let server = PostgresServer::start().await;
    let pool = pool_with(&server.url(), |settings| (settings.max_rows, settings.max_bytes) = (100, 100_000));
    let connection = connection(&pool);
    let cursor = connection.open_cursor(query("SELECT repeat('x', 500) FROM generate_series(1, 1050)"));

    // A portion has at most `max_rows`, whatever is asked for.
    assert_eq!(portions(&cursor, u32::MAX).await, [vec![100; 10], vec![50]].concat());

    let wide = connection.open_cursor(query("SELECT repeat('x', 5000) FROM generate_series(1, 100)"));
    assert!(matches!(result(wide.read(100)).await, Err(Error::TooLarge(_))));
    assert_eq!(value(&connection, "SELECT 1").await, "1");
}

#[tokio::test]
async fn a_statement_that_writes_returns_its_rows_in_portions_and_is_committed() {
    let server = PostgresServer::start().await;
    let pool = pool(&server);
    let connection = connection(&pool);
    run(&connection, &["CREATE TABLE t (a int)"]).await;
    let cursor = connection.open_cursor(query("INSERT INTO t SELECT generate_series(1, 5) RETURNING a"));

    assert_eq!(portions(&cursor, 2).await, [2, 2, 1]);

    assert_eq!(server.number("SELECT count(*) FROM t").await, 5);
}
