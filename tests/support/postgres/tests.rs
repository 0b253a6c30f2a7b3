use super::*;
use crate::wait::wait_until;

#[tokio::test]
async fn committed_rows_survive_a_restart_and_a_kill() {
    let mut server = PostgresServer::start().await;
    server.sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)").await;
    server.restart().await;
    server.sql("INSERT INTO kept VALUES (2)").await;
    server.kill();
    server.restart().await;
    assert_eq!(server.number("SELECT sum(n) FROM kept").await, 3);
}

#[tokio::test]
async fn a_kill_ends_a_process_that_computes_without_end() {
    let mut server = PostgresServer::start().await;
    let mut session = server.session().await;
    // Needs no memory and no disk.
    const ENDLESS: &str = "SELECT count(*) FROM generate_series(1, 10000) a, generate_series(1, 10000) b, \
                           generate_series(1, 10000) c";
    let endless = tokio::spawn(async move { session.try_sql(ENDLESS).await });
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT count(*) FROM generate_series%'";
    wait_until("the statement to run", LONG, async || server.number(busy).await == 1).await;
    server.kill();
    endless.await.expect("no panic").expect_err("the connection is closed");
}

#[tokio::test]
async fn an_error_of_the_server_has_its_code() {
    let server = PostgresServer::start().await;
    let error = server.session().await.try_sql("SELECT 1/0").await.expect_err("an error");
    assert_eq!(error.to_string(), "ERROR 22012: division by zero");
    assert_eq!(server.sql("SELECT 1, NULL, 'a'").await, [[Some("1".to_owned()), None, Some("a".to_owned())]]);
}

#[tokio::test]
async fn a_standby_takes_over_with_all_acknowledged_rows() {
    let mut pair = PostgresPair::start().await;
    pair.primary.sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)").await;
    let refused = pair.standby.session().await.try_sql("INSERT INTO kept VALUES (2)").await;
    assert!(refused.expect_err("it is read-only").to_string().contains("read-only transaction"));
    pair.fail_over().await;
    pair.standby.sql("INSERT INTO kept VALUES (2)").await;
    assert_eq!(pair.standby.number("SELECT sum(n) FROM kept").await, 3);
}
