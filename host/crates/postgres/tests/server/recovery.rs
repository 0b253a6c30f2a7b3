use toril_tests::{PostgresPair, wait_until};

use super::*;

/// Whether a new borrower can run a statement.
async fn works(pool: &Pool) -> bool {
    let outcome = rows(&connection(pool), "SELECT 1").await;
    assert!(matches!(outcome, Ok(_) | Err(Error::Unavailable(_))), "{outcome:?}");
    outcome.is_ok()
}

#[tokio::test]
async fn a_pool_recovers_after_its_server_was_restarted_or_killed() {
    let mut server = PostgresServer::start().await;
    let pool = pool(&server);
    for kills in [false, true] {
        let before = connection(&pool);
        run(&before, &["BEGIN", "SELECT 1"]).await;

        if kills {
            server.kill();
        } else {
            server.stop().await;
        }

        assert!(matches!(rows(&before, "SELECT 1").await, Err(Error::Unavailable(_))));
        assert!(!works(&pool).await);
        server.restart().await;
        wait_until("the pool to recover", LONG, async || works(&pool).await).await;
        // The old connection does not quietly go on without its transaction.
        assert!(matches!(rows(&before, "SELECT 1").await, Err(Error::Unavailable(_))));
    }
}

#[tokio::test]
async fn idle_connections_that_a_restart_has_ended_are_not_lent() {
    let mut server = PostgresServer::start().await;
    let pool = pool(&server);
    let borrowers: Vec<_> = (0..4).map(|_| connection(&pool)).collect();
    for borrower in &borrowers {
        run(borrower, &["SELECT 1"]).await;
    }
    for borrower in borrowers {
        borrower.release().wait().await;
    }
    assert_eq!(pool.status().idle, 4);

    server.restart().await;

    for _ in 0..4 {
        assert!(works(&pool).await);
    }
}

#[tokio::test]
async fn a_terminated_session_is_unavailable_and_replaced() {
    let server = PostgresServer::start().await;
    let pool = pool_of_one(&server);
    let first = connection(&pool);

    let ended = rows(&first, "SELECT pg_terminate_backend(pg_backend_pid())").await;

    assert!(matches!(&ended, Err(Error::Unavailable(reason)) if reason.contains("57P01")), "{ended:?}");
    drop(first);
    assert!(works(&pool).await);
}

#[tokio::test]
async fn a_pool_with_two_hosts_follows_the_primary() {
    let mut pair = PostgresPair::start().await;
    let pool = pool_with(&pair.url(), |_| ());
    let before = connection(&pool);
    run(&before, &["CREATE TABLE t (a int)"]).await;
    before.release().wait().await;

    pair.fail_over().await;

    wait_until("the pool to write to the new primary", LONG, async || {
        rows(&connection(&pool), "INSERT INTO t VALUES (1)").await.is_ok()
    })
    .await;
    assert_eq!(pair.standby.number("SELECT count(*) FROM t").await, 1);
}

#[tokio::test]
async fn wrong_credentials_are_unavailable_and_name_nobody() {
    let server = PostgresServer::start().await;
    let url = server.url().replace(toril_tests::postgres::PASSWORD, "wrong");
    let pool = pool_with(&url, |_| ());

    let failed = rows(&connection(&pool), "SELECT 1").await;

    let Err(Error::Unavailable(reason)) = failed else { panic!("{failed:?}") };
    assert!(reason.contains("28P01") && !reason.contains("app"), "{reason}");
}
