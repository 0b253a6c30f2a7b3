//! What a borrower leaves in a session is gone for the next one.

use super::*;

#[tokio::test]
async fn nothing_that_a_borrower_does_to_a_session_is_there_for_the_next_one() {
    let server = PostgresServer::start().await;
    server.sql("CREATE SEQUENCE s; GRANT ALL ON s TO app; CREATE SCHEMA other; GRANT ALL ON SCHEMA other TO app").await;
    let pool = pool_of_one(&server);
    // What leaves something, what shows it, and what a fresh session shows.
    let cases = [
        ("SET search_path = other", "SHOW search_path"),
        ("SET statement_timeout = '1h'", "SHOW statement_timeout"),
        ("SET application_name = 'thief'", "SHOW application_name"),
        ("SET client_encoding = 'LATIN1'", "SHOW client_encoding"),
        ("SET DateStyle = 'German'", "SHOW DateStyle"),
        (
            "SELECT set_config('my.secret', 'x', false)",
            "SELECT coalesce(nullif(current_setting('my.secret', true), ''), 'none')",
        ),
        ("SET default_transaction_read_only = on", "SHOW default_transaction_read_only"),
        ("SET ROLE other_role", "SELECT current_user::text"),
        ("SET SESSION AUTHORIZATION app", "SELECT session_user::text"),
        ("CREATE TEMP TABLE secret AS SELECT 1", "SELECT count(*) FROM pg_class WHERE relname = 'secret'"),
        ("SELECT pg_advisory_lock(42)", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
        ("LISTEN gossip", "SELECT count(*) FROM pg_listening_channels()"),
        ("PREPARE \"the \"\"plan\" AS SELECT 1", "SELECT count(*) FROM pg_prepared_statements WHERE from_sql"),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", "SELECT count(*) FROM pg_cursors WHERE name = 'c'"),
    ];
    let fresh = connection(&pool);
    let process = backend(&fresh).await;
    let mut expected = Vec::new();
    for (_, shows) in cases {
        expected.push(value(&fresh, shows).await);
    }
    fresh.release().wait().await;

    for ((leaves, shows), expected) in cases.into_iter().zip(expected) {
        let borrower = connection(&pool);
        run(&borrower, &[leaves]).await;
        borrower.release().wait().await;

        let next = connection(&pool);
        assert_eq!(value(&next, shows).await, expected, "{leaves}");
        assert_eq!(backend(&next).await, process, "{leaves}: the session was closed instead of reset");
        next.release().wait().await;
    }

    let borrower = connection(&pool);
    run(&borrower, &["SELECT nextval('s')"]).await;
    borrower.release().wait().await;
    assert_eq!(code(rows(&connection(&pool), "SELECT currval('s')").await), "55000");
}

#[tokio::test]
async fn a_transaction_that_is_left_open_is_rolled_back_also_when_it_has_failed() {
    let server = PostgresServer::start().await;
    let pool = pool_of_one(&server);
    let first = connection(&pool);
    run(&first, &["CREATE TABLE t (a int)", "BEGIN", "INSERT INTO t VALUES (1)"]).await;
    first.release().wait().await;
    let second = connection(&pool);
    run(&second, &["BEGIN", "INSERT INTO t VALUES (2)"]).await;
    assert_eq!(code(rows(&second, "SELECT 1/0").await), "22012");
    second.release().wait().await;

    assert_eq!(value(&connection(&pool), "SELECT count(*) FROM t").await, "0");
}

#[tokio::test]
async fn statements_that_sql_has_prepared_are_gone_however_they_were_prepared() {
    let server = PostgresServer::start().await;
    let pool = pool_of_one(&server);
    let hidden = "DO $$ BEGIN EXECUTE 'PREPARE hidden AS SELECT 1'; END $$";
    let forgets = "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; EXECUTE 'PREPARE hidden AS SELECT 1'; END $$";
    for leaves in ["PREPARE seen AS SELECT 1", hidden, "DEALLOCATE ALL", forgets, "DISCARD ALL", hidden] {
        let borrower = connection(&pool);
        let process = backend(&borrower).await;
        run(&borrower, &[leaves]).await;
        borrower.release().wait().await;

        let next = connection(&pool);
        assert_eq!(value(&next, "SELECT count(*) FROM pg_prepared_statements WHERE from_sql").await, "0", "{leaves}");
        assert_eq!(backend(&next).await, process, "{leaves}: the session was closed instead of reset");
        next.release().wait().await;
    }
}

#[tokio::test]
async fn a_borrower_cannot_leave_another_statement_under_a_name_of_the_host() {
    let server = PostgresServer::start().await;
    let pool = pool_of_one(&server);
    // The first reset may prepare something, whose name the second borrower could take, too.
    let first = connection(&pool);
    assert_eq!(value(&first, "SELECT 'honest'").await, "honest");
    first.release().wait().await;
    // All statements but one return no row from now on, also one that looks for what was left.
    let takes_all_names = "DO $$ DECLARE taken record; BEGIN \
        FOR taken IN SELECT name, statement = 'SELECT ''honest''' AS honest FROM pg_prepared_statements LOOP \
            EXECUTE format('DEALLOCATE %I', taken.name); \
            EXECUTE format('PREPARE %I AS SELECT %L::text LIMIT %s', taken.name, 'forged', taken.honest::int); \
        END LOOP; END $$";
    let thief = connection(&pool);
    let process = backend(&thief).await;
    run(&thief, &[takes_all_names]).await;
    thief.release().wait().await;

    let next = connection(&pool);
    assert_eq!(value(&next, "SELECT 'honest'").await, "honest");
    assert_eq!(backend(&next).await, process, "the session was closed instead of reset");
}

#[tokio::test]
async fn the_hosts_prepared_statements_survive_the_reset() {
    let server = PostgresServer::start().await;
    let pool = pool_of_one(&server);
    let statement = "SELECT count(*) AS mine FROM pg_prepared_statements WHERE statement LIKE '%AS mine%'";
    let mut kept = Vec::new();
    for _ in 0..3 {
        let borrower = connection(&pool);
        kept.push(value(&borrower, statement).await);
        borrower.release().wait().await;
    }

    assert_eq!(kept, ["1"; 3]);
}
