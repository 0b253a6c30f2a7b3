//! What one answer may hold, and what is refused.

use serde_json::json;

use crate::{Case, peak};

const ONE: &str = "connections = 1\n";

#[tokio::test]
async fn an_answer_over_a_limit_is_too_large_and_the_session_works_on() {
    let case = Case::open(&format!("{ONE}max_rows = 100\nmax_bytes = \"64KiB\"\n")).await;
    let process = case.value("SELECT pg_backend_pid()").await;
    let many = "SELECT n FROM generate_series(1, 101) n";
    let long = "SELECT repeat('x', 70000)";
    let several = "SELECT repeat('x', 30000) FROM generate_series(1, 3)";

    for large in [many, long, several] {
        let seen = case.session(&[large, "SELECT 1"]).await;
        assert_eq!(seen[0]["error"]["kind"], "too-large", "{large}: {seen:?}");
        assert_eq!(seen[1]["rows"], json!([["1"]]), "{large}: {seen:?}");
    }

    assert_eq!(
        case.run("query", json!({ "sql": "SELECT n FROM generate_series(1, 100) n" })).await["rows"][99][0],
        "100"
    );
    assert_eq!(case.value("SELECT pg_backend_pid()").await, process, "a session was closed instead of drained");
}

#[tokio::test]
async fn rows_of_a_hundred_megabytes_use_no_memory_of_the_host() {
    let mut case = Case::open(&format!("{ONE}max_bytes = \"1MiB\"\n")).await;
    let rows = "SELECT repeat(md5(n::text), 1000) FROM generate_series(1, 100000) n";
    let row = "SELECT repeat('x', 100000000)";

    for large in [rows, row] {
        let error = case.failure("query", json!({ "sql": large })).await;
        assert!(error.contains("too-large") || error.contains("max_bytes"), "{error}");
    }

    assert_eq!(case.value("SELECT 1").await, "1");
    let peak = peak(&mut case.toril);
    assert!(peak < 400_000, "the host has used {peak} KiB of memory");
}

#[tokio::test]
async fn a_cursor_reads_more_rows_than_an_answer_may_have_in_portions() {
    let case = Case::open(&format!("{ONE}max_rows = 100\n")).await;
    let all = "SELECT n FROM generate_series(1, 1234) n";

    let read = case.run("cursor", json!({ "sql": all, "portion": 100 })).await;

    assert_eq!(read["rows"], 1234, "{read}");
    assert!(read["portions"].as_array().expect("portions").iter().all(|rows| rows.as_u64() <= Some(100)), "{read}");
    // The server counts the rows of the last portion.
    assert_eq!(read["command"], "SELECT 34", "{read}");
    let part = case.run("cursor", json!({ "sql": all, "portion": 10, "stop_after": 2 })).await;
    assert_eq!(part["rows"], 20, "{part}");
    // The session of an abandoned cursor is usable.
    assert_eq!(case.value("SELECT 1").await, "1");
    assert_eq!(case.value("SELECT count(*) FROM pg_cursors WHERE statement NOT LIKE '%pg_cursors%'").await, "0");
}

#[tokio::test]
async fn copy_is_refused_in_both_directions_and_the_session_works_on() {
    let case = Case::open(ONE).await;
    case.server.sql("CREATE TABLE kept (n int); GRANT ALL ON kept TO app").await;
    let process = case.value("SELECT pg_backend_pid()").await;

    for copy in ["COPY kept FROM STDIN", "COPY kept TO STDOUT", "COPY (SELECT generate_series(1, 100000)) TO STDOUT"] {
        let seen = case.session(&[copy, "SELECT 1"]).await;
        assert_eq!(seen[0]["error"]["kind"], "invalid", "{copy}: {seen:?}");
        assert_eq!(seen[1]["rows"], json!([["1"]]), "{copy}: {seen:?}");
        let error = case.failure("batch", json!({ "sql": format!("SELECT 1; {copy}; SELECT 2") })).await;
        assert!(error.contains("COPY"), "{error}");
    }

    assert_eq!(case.value("SELECT pg_backend_pid()").await, process, "a session was closed");
}

#[tokio::test]
async fn a_query_is_one_statement_and_a_batch_is_all_or_nothing() {
    let case = Case::open(ONE).await;
    case.server.sql("CREATE TABLE kept (n int); GRANT ALL ON kept TO app").await;
    let two = "INSERT INTO kept VALUES (1); INSERT INTO kept VALUES (2)";

    let error = case.failure("query", json!({ "sql": two })).await;
    assert!(error.contains("42601") || error.contains("multiple commands"), "{error}");
    case.failure("batch", json!({ "sql": format!("{two}; SELECT 1/0") })).await;
    assert_eq!(case.server.number("SELECT count(*) FROM kept").await, 0);

    let answers = case.run("batch", json!({ "sql": format!("{two}; SELECT n FROM kept ORDER BY n") })).await;

    let commands: Vec<_> = answers.as_array().expect("answers").iter().map(|answer| &answer["command"]).collect();
    assert_eq!(commands, ["INSERT 0 1", "INSERT 0 1", "SELECT 2"]);
    assert_eq!(answers[2]["rows"], json!([["1"], ["2"]]));
}
