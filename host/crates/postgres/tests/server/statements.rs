use toril_postgres::TransactionStatus;

use super::*;

#[tokio::test]
async fn values_travel_in_text_and_in_binary_form() {
    let server = PostgresServer::start().await;
    let pool = pool(&server);
    let connection = connection(&pool);
    let number = Parameter { type_oid: 23, format: Format::Binary, value: Some(vec![0, 0, 1, 0]) };
    let null = Parameter { type_oid: 0, format: Format::Text, value: None };
    let parameters = vec![number, text("{\"a\": [1]}"), null];
    let statement = "SELECT $1 + 1 AS next, $2::jsonb AS data, $3::text AS nothing".to_owned();

    let binary = Query { statement, parameters, results: Format::Binary };
    let text = Query { results: Format::Text, ..binary.clone() };
    let binary = result(connection.query(binary)).await.unwrap().remove(0);
    let text = result(connection.query(text)).await.unwrap().remove(0);

    let names: Vec<_> = binary.columns.iter().map(|column| (column.name.as_str(), column.type_oid)).collect();
    assert_eq!(names, [("next", 23), ("data", 3802), ("nothing", 25)]);
    assert_eq!(binary.rows[..9], [0, 0, 0, 4, 0, 0, 1, 1, 0]);
    assert_eq!(table(&text), [[Some("257".to_owned()), Some("{\"a\": [1]}".to_owned()), None]]);
    assert_eq!((text.row_count, text.command.as_str()), (1, "SELECT 1"));
    let version = connection.server_settings().into_iter().find(|(name, _)| name == "server_version");
    assert!(version.is_some_and(|(_, version)| version.starts_with("18")));
}

#[tokio::test]
async fn a_batch_has_an_answer_for_each_statement_and_is_one_transaction() {
    let server = PostgresServer::start().await;
    let pool = pool(&server);
    let connection = connection(&pool);

    let answers =
        result(connection.batch("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); TABLE t".into())).await;
    let commands: Vec<_> = answers.unwrap().into_iter().map(|answer| (answer.command, answer.row_count)).collect();
    assert_eq!(commands, [("CREATE TABLE".into(), 0), ("INSERT 0 2".into(), 0), ("SELECT 2".into(), 2)]);

    let failed = result(connection.batch("INSERT INTO t VALUES (3); SELECT 1/0".into())).await;
    assert_eq!(code(failed), "22012");
    assert_eq!(value(&connection, "SELECT count(*) FROM t").await, "2");
}

#[tokio::test]
async fn an_error_has_the_fields_of_the_server() {
    let server = PostgresServer::start().await;
    let pool = pool(&server);
    let connection = connection(&pool);
    run(&connection, &["CREATE TABLE t (a int CONSTRAINT only_once UNIQUE)", "INSERT INTO t VALUES (1)"]).await;

    let Err(Error::Database(double)) = rows(&connection, "INSERT INTO t VALUES (1)").await else { panic!("no error") };
    let Err(Error::Database(syntax)) = rows(&connection, "SELECT missing").await else { panic!("no error") };

    assert_eq!((double.severity.as_str(), double.code.as_str()), ("ERROR", "23505"));
    assert_eq!((double.table.as_deref(), double.constraint.as_deref()), (Some("t"), Some("only_once")));
    assert!(double.detail.is_some_and(|detail| detail.contains("(a)=(1)")));
    assert_eq!((syntax.code.as_str(), syntax.position), ("42703", Some(8)));
}

#[tokio::test]
async fn the_status_of_the_transaction_follows_the_statements() {
    let server = PostgresServer::start().await;
    let pool = pool(&server);
    let connection = connection(&pool);
    assert_eq!(connection.transaction_status(), TransactionStatus::Idle);

    run(&connection, &["BEGIN"]).await;
    assert_eq!(connection.transaction_status(), TransactionStatus::Open);
    assert_eq!(code(rows(&connection, "SELECT 1/0").await), "22012");
    assert_eq!(connection.transaction_status(), TransactionStatus::Failed);
    assert_eq!(code(rows(&connection, "SELECT 1").await), "25P02");
    run(&connection, &["ROLLBACK"]).await;
    assert_eq!(connection.transaction_status(), TransactionStatus::Idle);
}

#[tokio::test]
async fn calls_run_in_their_order() {
    let server = PostgresServer::start().await;
    let pool = pool(&server);
    let connection = connection(&pool);

    let calls: Vec<_> = (0..60)
        .map(|number| match number {
            0 => connection.batch("CREATE TABLE t (a serial, b int)".to_owned()),
            number => connection.query(query(&format!("INSERT INTO t (b) VALUES ({number})"))),
        })
        .collect();
    for call in calls {
        result(call).await.unwrap();
    }

    assert_eq!(value(&connection, "SELECT count(*) FROM t WHERE a = b").await, "59");
}

#[tokio::test]
async fn prepared_statements_survive_what_callers_and_migrations_do() {
    let server = PostgresServer::start().await;
    let pool = pool_of_one(&server);
    let connection = connection(&pool);
    run(&connection, &["CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)", "TABLE t"]).await;
    let prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'TABLE t'";
    assert_eq!(value(&connection, prepared).await, "1");

    for forgets in [
        "DEALLOCATE ALL",
        "DISCARD ALL",
        "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$",
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS b int",
        "ALTER TABLE t ALTER COLUMN b TYPE text",
    ] {
        run(&connection, &[forgets, "TABLE t", "BEGIN"]).await;
        run(&connection, &["TABLE t", "COMMIT"]).await;
    }
    run(&connection, &["ALTER TABLE t ALTER COLUMN b TYPE int USING 1"]).await;
    let cursor = connection.open_cursor(query("TABLE t"));
    assert_eq!(result(cursor.read(10)).await.unwrap()[0].row_count, 1);
    // In a transaction there is no way back, but the next transaction works.
    run(&connection, &["BEGIN", "ALTER TABLE t ADD COLUMN c int"]).await;
    assert_eq!(code(rows(&connection, "TABLE t").await), "0A000");
    run(&connection, &["ROLLBACK", "BEGIN", "TABLE t", "COMMIT"]).await;
    assert_eq!(rows(&connection, "TABLE t").await.unwrap()[0].len(), 2);
}

#[tokio::test]
async fn a_prepared_statement_takes_the_values_of_a_column_whose_type_has_changed() {
    let server = PostgresServer::start().await;
    let pool = pool_of_one(&server);
    let connection = connection(&pool);
    let insert = |value| Query { parameters: vec![text(value)], ..query("INSERT INTO t (id) VALUES ($1)") };
    run(&connection, &["CREATE TABLE t (id int)"]).await;
    result(connection.query(insert("1"))).await.unwrap();
    assert_eq!(code(result(connection.query(insert("3000000000"))).await), "22003");
    result(connection.query(insert("2"))).await.unwrap();

    run(&connection, &["ALTER TABLE t ALTER COLUMN id TYPE bigint"]).await;

    result(connection.query(insert("3000000000"))).await.unwrap();
    run(&connection, &["ALTER TABLE t ALTER COLUMN id TYPE text"]).await;
    let cursor = connection.open_cursor(insert("many"));
    result(cursor.read(1)).await.unwrap();
    assert_eq!(value(&connection, "SELECT string_agg(id, ' ') FROM t").await, "1 2 3000000000 many");
}

#[tokio::test]
async fn a_session_keeps_at_most_a_hundred_statements() {
    let server = PostgresServer::start().await;
    let pool = pool_of_one(&server);
    let first = connection(&pool);
    for number in 0..150 {
        run(&first, &[&format!("SELECT {number}")]).await;
    }
    first.release().wait().await;
    let second = connection(&pool);

    // This statement itself, and the one that is closed with the next request.
    let kept: u32 = value(&second, "SELECT count(*) FROM pg_prepared_statements").await.parse().unwrap();

    assert!((98..=101).contains(&kept), "{kept}");
}

#[tokio::test]
async fn copy_is_refused_and_the_session_goes_on() {
    let server = PostgresServer::start().await;
    let pool = pool_of_one(&server);
    let connection = connection(&pool);
    run(&connection, &["CREATE TABLE t (a int)", "INSERT INTO t SELECT generate_series(1, 100000)"]).await;
    let before = backend(&connection).await;

    for statement in ["COPY t FROM STDIN", "COPY t TO STDOUT"] {
        for call in [connection.query(query(statement)), connection.batch(format!("SELECT 1; {statement}; SELECT 2"))] {
            let refused = result(call).await;
            assert!(matches!(refused, Err(Error::Invalid(_))), "{statement}: {refused:?}");
            assert_eq!(value(&connection, "SELECT count(*) FROM t").await, "100000");
        }
        let cursor = connection.open_cursor(query(statement));
        let refused = result(cursor.read(10)).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{statement}: {refused:?}");
    }

    assert_eq!(backend(&connection).await, before);
}

#[tokio::test]
async fn one_statement_cannot_be_two() {
    let server = PostgresServer::start().await;
    let pool = pool(&server);

    assert_eq!(code(rows(&connection(&pool), "SELECT 1; SELECT 2").await), "42601");
}

#[tokio::test]
async fn an_empty_statement_has_an_empty_answer() {
    let server = PostgresServer::start().await;
    let pool = pool(&server);
    let connection = connection(&pool);

    for call in [connection.query(query("")), connection.batch(" -- nothing".to_owned())] {
        let answers = result(call).await.unwrap();
        assert_eq!((answers.len(), answers[0].row_count, answers[0].command.as_str()), (1, 0, ""));
    }
}
