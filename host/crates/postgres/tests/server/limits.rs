use toril_tests::wait_until;

use super::*;

const SLEEP: &str = "SELECT pg_sleep(600)";

/// The statements of clients that run on the server.
async fn running(server: &PostgresServer) -> i64 {
    server.number("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state = 'active'").await
}

#[tokio::test]
async fn a_statement_that_runs_too_long_is_cancelled_on_the_server_and_the_session_goes_on() {
    let server = PostgresServer::start().await;
    let pool = pool_with(&server.url(), |settings| settings.statement_timeout = Duration::from_secs(2));
    let connection = connection(&pool);
    let process = backend(&connection).await;

    let failed = result(connection.query(query(SLEEP))).await;

    assert!(matches!(failed, Err(Error::Timeout(_))), "{failed:?}");
    assert_eq!(running(&server).await, 0);
    assert_eq!(backend(&connection).await, process);
}

#[tokio::test]
async fn the_end_of_the_attempt_cancels_the_statement() {
    let server = PostgresServer::start().await;
    let pool = pool(&server);
    let warm = connection(&pool);
    run(&warm, &["SELECT 1"]).await;
    warm.release().wait().await;
    let connection = connection_until(&pool, Instant::now() + Duration::from_secs(2));

    let failed = result(connection.batch(SLEEP.to_owned())).await;

    assert!(matches!(failed, Err(Error::Timeout(_))), "{failed:?}");
    assert_eq!(running(&server).await, 0);
}

#[tokio::test]
async fn dropping_a_call_cancels_its_statement_and_fails_its_transaction() {
    let server = PostgresServer::start().await;
    let pool = pool(&server);
    let connection = connection(&pool);
    let process = backend(&connection).await;
    run(&connection, &["BEGIN"]).await;
    let call = connection.query(query(SLEEP));
    wait_until("the statement to run", LONG, async || running(&server).await == 1).await;

    drop(call);

    assert_eq!(code(rows(&connection, "SELECT 1").await), "25P02");
    assert_eq!(running(&server).await, 0);
    run(&connection, &["ROLLBACK"]).await;
    assert_eq!(backend(&connection).await, process);
}

#[tokio::test]
async fn dropping_a_connection_cancels_its_statement_and_gives_the_session_back() {
    let server = PostgresServer::start().await;
    let pool = pool_of_one(&server);
    let first = connection(&pool);
    let process = backend(&first).await;
    run(&first, &["CREATE TABLE t (a int)", "BEGIN", "INSERT INTO t VALUES (1)"]).await;
    let _call = first.query(query(SLEEP));
    wait_until("the statement to run", LONG, async || running(&server).await == 1).await;

    first.release().wait().await;

    assert_eq!(running(&server).await, 0);
    let next = connection(&pool);
    assert_eq!(value(&next, "SELECT count(*) FROM t").await, "0");
    assert_eq!(backend(&next).await, process);
}

/// It catches each cancel, and goes on.
const STUBBORN: &str = "DO $$ BEGIN LOOP \
    BEGIN PERFORM pg_sleep(3600); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$";

#[tokio::test]
async fn a_statement_that_catches_its_cancels_is_ended_with_its_process() {
    let server = PostgresServer::start().await;
    let pool = pool_with(&server.url(), |settings| {
        (settings.connections, settings.statement_timeout) = (1, Duration::from_secs(2));
    });
    let gone = async |process: &str| {
        let count = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {process}");
        wait_until("the process to end", LONG, async || server.number(&count).await == 0).await;
    };
    let first = connection(&pool);
    let process = backend(&first).await;
    let failed = rows(&first, STUBBORN).await;
    assert!(matches!(failed, Err(Error::Timeout(_))), "{failed:?}");
    assert!(matches!(rows(&first, "SELECT 1").await, Err(Error::Unavailable(_))));
    gone(&process).await;

    let second = connection(&pool);
    let process = backend(&second).await;
    let _call = second.batch(STUBBORN.to_owned());
    wait_until("the statement to run", LONG, async || running(&server).await == 1).await;
    second.release().wait().await;
    gone(&process).await;

    assert_eq!(value(&connection(&pool), "SELECT 1").await, "1");
}

#[tokio::test]
async fn a_cancel_never_hits_the_next_statement() {
    let server = PostgresServer::start().await;
    let pool = pool_of_one(&server);
    let connection = connection(&pool);
    for round in 0..200 {
        let call = connection.query(query("SELECT pg_sleep(0.001)"));
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        drop(call);
        assert_eq!(value(&connection, "SELECT 1 FROM pg_sleep(0.0005)").await, "1", "{round}");
    }
}

#[tokio::test]
async fn an_answer_with_too_many_rows_or_bytes_is_refused_and_the_session_goes_on() {
    let server = PostgresServer::start().await;
    let pool = pool_with(&server.url(), |settings| (settings.max_rows, settings.max_bytes) = (1000, 100_000));
    let connection = connection(&pool);
    let process = backend(&connection).await;
    let statements = [
        "SELECT generate_series(1, 1001)",
        "SELECT generate_series(1, 100000000)",
        "SELECT repeat('x', 1000) FROM generate_series(1, 101)",
        "SELECT repeat('x', 100001)",
        "SELECT FROM generate_series(1, 5000)",
    ];
    for statement in statements {
        let one = rows(&connection, statement).await;
        assert!(matches!(one, Err(Error::TooLarge(_))), "{statement}: {one:?}");
        let batch = result(connection.batch(format!("SELECT 1; {statement}"))).await;
        assert!(matches!(batch, Err(Error::TooLarge(_))), "{statement}: {batch:?}");
    }
    let batch = result(connection.batch("SELECT repeat('x', 1000);".repeat(101))).await;
    assert!(matches!(batch, Err(Error::TooLarge(_))), "{batch:?}");

    assert_eq!(value(&connection, "SELECT count(*) FROM generate_series(1, 1000)").await, "1000");
    assert_eq!(backend(&connection).await, process);
}

#[tokio::test]
async fn a_huge_row_closes_the_session_and_the_pool_opens_another_one() {
    let server = PostgresServer::start().await;
    let pool = pool_of_one(&server);
    let first = connection(&pool);

    let refused = rows(&first, "SELECT repeat('x', 100000000)").await;

    assert!(matches!(refused, Err(Error::TooLarge(_))), "{refused:?}");
    assert!(matches!(rows(&first, "SELECT 1").await, Err(Error::Unavailable(_))));
    assert_eq!(value(&connection(&pool), "SELECT 1").await, "1");
}

#[tokio::test]
async fn a_flood_of_notices_takes_no_memory_and_ends_with_the_limit() {
    let server = PostgresServer::start().await;
    let pool = pool_with(&server.url(), |settings| settings.statement_timeout = Duration::from_secs(2));
    let connection = connection(&pool);
    let flood = "DO $$ BEGIN LOOP RAISE NOTICE '%', repeat('x', 10000); END LOOP; END $$";

    let failed = rows(&connection, flood).await;

    assert!(matches!(failed, Err(Error::Timeout(_))), "{failed:?}");
}

#[tokio::test]
async fn the_pool_opens_no_more_connections_than_it_may() {
    let server = PostgresServer::start().await;
    let pool = pool(&server);
    let borrowers: Vec<_> = (0..50).map(|_| connection(&pool)).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for borrower in borrowers {
        tasks.spawn(async move { value(&borrower, "SELECT pg_sleep(0.01), 1").await });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }

    assert!(server.clients().await <= 4);
    let status = pool.status();
    assert!(status.open <= 4 && status.max == 4 && status.waiting == 0, "{status:?}");
}
