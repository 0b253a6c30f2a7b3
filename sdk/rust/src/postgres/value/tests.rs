//! Rows into types.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::postgres::rows::tests::answer;
use crate::postgres::{Date, PostgresError, Timestamp};

/// Reads a row with these columns: name, OID and text.
fn row<T: DeserializeOwned>(columns: &[(&str, u32, Option<&str>)]) -> Result<T, PostgresError> {
    let types: Vec<_> = columns.iter().map(|(name, oid, _)| (*name, *oid)).collect();
    let texts: Vec<_> = columns.iter().map(|(_, _, text)| *text).collect();
    answer(&types, &[&texts]).iter().next().expect("a row")?.parse()
}

/// Reads a row with a single column.
fn value<T: DeserializeOwned>(oid: u32, text: &str) -> Result<T, PostgresError> {
    row(&[("x", oid, Some(text))])
}

fn problem<T: DeserializeOwned + std::fmt::Debug>(oid: u32, text: &str) -> String {
    value::<T>(oid, text).expect_err("it does not fit").to_string()
}

#[derive(Debug, Deserialize, PartialEq)]
struct Order {
    id: i64,
    customer: String,
    note: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum State {
    Open,
    Sent,
}

#[test]
fn a_row_becomes_a_struct_by_the_names_of_its_columns() {
    let order = row(&[("note", 25, None), ("id", 20, Some("7")), ("other", 25, None), ("customer", 25, Some("Ada"))]);
    assert_eq!(order, Ok(Order { id: 7, customer: "Ada".into(), note: None }));
    let error = row::<Order>(&[("id", 20, Some("7")), ("note", 25, None)]).expect_err("incomplete");
    assert!(error.to_string().contains("it has no column `customer`"), "{error}");
}

#[test]
fn a_row_becomes_a_tuple_by_the_order_of_its_columns() {
    let columns = [("a", 23, Some("1")), ("b", 25, None), ("c", 16, Some("t"))];
    assert_eq!(row(&columns), Ok((1_u8, None::<String>, true)));
    let error = row::<(i32, Option<String>)>(&columns).expect_err("too few");
    assert!(error.to_string().contains("it has 3 columns, and the type has 2"), "{error}");
    assert_eq!(row(&columns[..1]), Ok((1_i64,)));
    assert_eq!(row(&columns), Ok(json!({ "a": 1, "b": null, "c": true })));
}

#[test]
fn a_single_column_becomes_its_value() {
    assert_eq!(value(21, "-5"), Ok(-5_i16));
    assert_eq!(value(1700, "18446744073709551615"), Ok(u64::MAX));
    assert_eq!(value(701, "-Infinity"), Ok(f64::NEG_INFINITY));
    assert_eq!(value(1700, "1.50"), Ok("1.50".to_owned()));
    assert_eq!(value(18, "x"), Ok('x'));
    assert_eq!(value(25, ""), Ok(String::new()));
    assert_eq!(row(&[("x", 25, None)]), Ok(None::<String>));
    assert_eq!(value(90_000, "sent"), Ok(State::Sent));
    assert_eq!(value(25, "open"), Ok(Some(State::Open)));
}

#[test]
fn bytes_are_read_as_a_list_of_numbers() {
    assert_eq!(value(17, "\\x00ff41"), Ok(vec![0_u8, 255, 65]));
    assert_eq!(value(17, "\\x"), Ok(Vec::<u8>::new()));
    assert_eq!(value(17, "\\x0102"), Ok([1_u8, 2]));
    for wrong in ["\\x0", "\\xgg", "00"] {
        assert!(problem::<Vec<u8>>(17, wrong).contains("hexadecimal"));
    }
}

#[test]
fn arrays_become_lists_of_their_elements() {
    assert_eq!(value(1007, "{1,-2}"), Ok(vec![1, -2]));
    assert_eq!(value(1009, "{a,NULL,\"b c\"}"), Ok(vec![Some("a".to_owned()), None, Some("b c".to_owned())]));
    assert_eq!(value(1007, "{{1,2},{3,4}}"), Ok(vec![vec![1, 2], vec![3, 4]]));
    assert_eq!(value(1001, "{\"\\\\x01\"}"), Ok(vec![vec![1_u8]]));
    assert_eq!(value(90_000, "{open,sent}"), Ok(vec![State::Open, State::Sent]));
    assert_eq!(value(3807, "{\"{\\\"a\\\": 1}\"}"), Ok(vec![json!({ "a": 1 })]));
    assert_eq!(row(&[("a", 23, Some("1")), ("b", 1007, Some("{2,3}"))]), Ok((1, vec![2, 3])));
    assert!(problem::<Vec<i32>>(1007, "{1,NULL}").contains("is NULL"));
}

#[test]
fn json_becomes_any_type() {
    // A type that takes anything takes the whole row.
    assert_eq!(value(3802, "{\"a\": [1, null]}"), Ok(json!({ "x": { "a": [1, null] } })));
    let rows = answer(&[("x", 3802)], &[&[Some("[1, null]")]]);
    let row = rows.iter().next().expect("a row").expect("complete");
    assert_eq!(row.get("x"), Ok(json!([1, null])));
    assert_eq!(value(114, "[1, 2]"), Ok(vec![1, 2]));
    assert_eq!(value(114, "null"), Ok(None::<i32>));
    assert_eq!(value(114, "\"text\""), Ok("text".to_owned()));
    assert_eq!(value(114, "{\"a\":1}"), Ok("{\"a\":1}".to_owned()));
    assert_eq!(value(3802, "{\"a\": 1}"), Ok(Some("{\"a\": 1}".to_owned())));
    assert_eq!(value(3802, "\"text\""), Ok(Some("text".to_owned())));
    assert_eq!(value(3802, "[1, null]"), Ok(Some(vec![Some(1), None])));
    assert_eq!(value(114, " null "), Ok(None::<String>));
    let order = Order { id: 1, customer: "Ada".into(), note: None };
    assert_eq!(value(3802, "{\"id\": 1, \"customer\": \"Ada\"}"), Ok(order));
}

#[test]
fn times_have_the_form_of_rfc_3339() {
    let text = |oid, text: &str| value::<String>(oid, text).expect("a text");
    assert_eq!(text(1184, "2026-01-31 12:00:00.5+00"), "2026-01-31T12:00:00.5+00:00");
    assert_eq!(text(1184, "2026-01-31 12:00:00-05:30"), "2026-01-31T12:00:00-05:30");
    assert_eq!(text(1114, "2026-01-31 12:00:00"), "2026-01-31T12:00:00");
    assert_eq!(text(1266, "12:00:00-05"), "12:00:00-05:00");
    let noon = Timestamp::from_unix_micros(1_769_860_800_000_000);
    assert_eq!(value(1184, "2026-01-31 12:00:00+00"), Ok(noon));
    assert_eq!(value(1185, "{\"2026-01-31 14:00:00+02\"}"), Ok(vec![noon]));
    assert_eq!(value(1082, "2026-01-31"), Ok(Date { year: 2026, month: 1, day: 31 }));
}

#[test]
fn values_without_a_known_type_are_what_the_server_says() {
    let read: Value = row(&[
        ("n", 1700, Some("1.5")),
        ("f", 701, Some("1.5")),
        ("i", 1007, Some("{1}")),
        ("t", 1184, Some("2026-01-31 12:00:00+00")),
    ])
    .expect("a map");
    assert_eq!(read, json!({ "n": "1.5", "f": 1.5, "i": [1], "t": "2026-01-31T12:00:00+00:00" }));
}

#[test]
fn no_message_quotes_a_value() {
    for problem in [
        problem::<i32>(25, "hunter2"),
        problem::<bool>(25, "hunter2"),
        problem::<Vec<i32>>(25, "hunter2"),
        problem::<State>(25, "hunter2"),
        problem::<u8>(114, "\"hunter2\""),
        problem::<Order>(114, "\"hunter2\""),
        problem::<Date>(1082, "hunter2"),
        problem::<Timestamp>(1184, "hunter2"),
        problem::<Vec<Vec<u8>>>(1009, "{hunter2}"),
        problem::<std::collections::BTreeMap<String, i32>>(25, "hunter2"),
    ] {
        assert!(problem.contains("column `x`") || problem.contains("columns"), "{problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}
