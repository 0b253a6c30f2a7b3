use super::*;

#[tokio::test]
async fn a_read_only_pool_reads_in_transactions_and_with_cursors() {
    let server = PostgresServer::start().await;
    server.sql("CREATE TABLE t (a int); INSERT INTO t VALUES (1); GRANT ALL ON t TO app").await;
    let pool = pool_with(&server.url(), |settings| settings.read_only = true);
    let connection = connection(&pool);

    assert_eq!(value(&connection, "SELECT count(*) FROM t").await, "1");
    assert_eq!(code(rows(&connection, "SELECT 1/0").await), "22012");
    assert_eq!(connection.transaction_status(), toril_postgres::TransactionStatus::Idle);
    run(&connection, &["BEGIN ISOLATION LEVEL REPEATABLE READ"]).await;
    assert_eq!(value(&connection, "SHOW transaction_isolation").await, "repeatable read");
    run(&connection, &["SAVEPOINT s"]).await;
    assert_eq!(code(rows(&connection, "SELECT 1/0").await), "22012");
    run(&connection, &["ROLLBACK TO s", "TABLE t", "COMMIT"]).await;
    let cursor = connection.open_cursor(query("SELECT generate_series(1, 3)"));
    assert_eq!(result(cursor.read(2)).await.unwrap()[0].row_count, 2);
    assert_eq!(result(cursor.read(2)).await.unwrap()[0].row_count, 1);
    assert_eq!(result(connection.batch("SELECT 1".to_owned())).await.unwrap()[0].row_count, 1);
    assert_eq!(connection.transaction_status(), toril_postgres::TransactionStatus::Idle);
}

#[tokio::test]
async fn a_read_only_pool_cannot_be_talked_into_writing() {
    let server = PostgresServer::start().await;
    server.sql("CREATE TABLE t (a int); GRANT ALL ON t TO app; CREATE SEQUENCE s; GRANT ALL ON s TO app").await;
    let pool = pool_with(&server.url(), |settings| settings.read_only = true);
    let write = "INSERT INTO t VALUES (1)";
    let takes_the_name_of_begin = "DO $$ DECLARE taken text; BEGIN \
        FOR taken IN SELECT name FROM pg_prepared_statements WHERE statement = 'BEGIN' LOOP \
            EXECUTE format('DEALLOCATE %I', taken); \
            EXECUTE format('PREPARE %I AS INSERT INTO t VALUES (1)', taken); \
        END LOOP; END $$";
    let attacks: [&[&str]; 24] = [
        &[write],
        &["WITH x AS (INSERT INTO t VALUES (1) RETURNING a) TABLE x"],
        &["SELECT nextval('s')"],
        &["CREATE TABLE u (a int)"],
        &["CREATE TEMP TABLE u (a int)"],
        &["COPY t FROM STDIN"],
        &["BEGIN", write],
        &["BEGIN READ WRITE", write, "COMMIT"],
        &["START TRANSACTION READ WRITE", write, "COMMIT"],
        &["/* */ BEGIN READ WRITE", write, "COMMIT"],
        &["BEGIN; SET TRANSACTION READ WRITE; INSERT INTO t VALUES (1); COMMIT"],
        &["COMMIT; INSERT INTO t VALUES (1)"],
        &["BEGIN", "SET TRANSACTION READ WRITE", "ROLLBACK", write],
        &["BEGIN", "COMMIT AND CHAIN", "SET TRANSACTION READ WRITE", write, "COMMIT"],
        &["BEGIN", "SELECT 1/0", "ROLLBACK AND CHAIN", "SET transaction_read_only = off", write, "COMMIT"],
        &["BEGIN", "SAVEPOINT a", "RELEASE a", "SET TRANSACTION READ WRITE", write, "COMMIT"],
        &["SET default_transaction_read_only = off", write],
        &["SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", write],
        &["SELECT set_config('transaction_read_only', 'off', false)", write],
        &["SELECT set_config('default_transaction_read_only', 'off', false)", "COMMIT", write],
        &["DO $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; INSERT INTO t VALUES (1); END $$"],
        &["DO $$ BEGIN SET transaction_read_only = off; INSERT INTO t VALUES (1); END $$"],
        &["PREPARE p AS INSERT INTO t VALUES (1)", "EXECUTE p", "COMMIT AND CHAIN", "EXECUTE p"],
        &["BEGIN", "COMMIT", takes_the_name_of_begin, "BEGIN", "COMMIT"],
    ];
    for attack in attacks {
        for batched in [false, true] {
            let connection = connection(&pool);
            for statement in attack {
                let call = if batched {
                    connection.batch((*statement).to_owned())
                } else {
                    connection.query(query(statement))
                };
                let outcome = result(call).await;
                assert!(!matches!(outcome, Err(Error::Unavailable(_))), "{attack:?}: {outcome:?}");
            }
            connection.release().wait().await;
        }
        let cursor_connection = connection(&pool);
        let cursor = cursor_connection.open_cursor(query(attack[attack.len() - 1]));
        let _ = result(cursor.read(10)).await;
        drop(cursor);
        cursor_connection.release().wait().await;
        assert_eq!(server.number("SELECT count(*) FROM t").await, 0, "{attack:?}");
    }

    assert_eq!(server.number("SELECT count(*) FROM pg_class WHERE relname = 'u'").await, 0);
    assert_eq!(server.value("SELECT is_called FROM s").await, "f");
}
