//! The round trip of every type of the SDK.

use std::fmt::Debug;
use std::time::SystemTime;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use toril_plugin::postgres::{AsJson, Connection, Date, Timestamp, ToParameter, text};
use toril_plugin::{Failure, Json};

use crate::answers::failure;
use crate::connect;
use crate::statements::Pool;

#[derive(Debug, Deserialize, PartialEq)]
struct Named {
    id: i64,
    name: Option<String>,
}

/// Fails with the first value that is not the same after it was on the server.
pub fn round_trip(Pool { pool }: Pool) -> Result<Json, Failure> {
    let db = connect(&pool)?;
    scalars(&db)?;
    texts_and_times(&db)?;
    lists(&db)?;
    let named: Named = db.query_one("select $1::text as name, 7::int8 as id", &[&None::<&str>]).map_err(failure)?;
    same(&named, &Named { id: 7, name: None })?;
    let pair: (Option<i16>, Vec<String>) =
        db.query_one("select null::int2, array['a', 'b c', '\"']", &[]).map_err(failure)?;
    same(&pair, &(None, vec!["a".into(), "b c".into(), "\"".into()]))?;
    Ok(Json::from(json!({})))
}

fn scalars(db: &Connection) -> Result<(), Failure> {
    returned(db, "bool", true)?;
    returned(db, "int2", i16::MIN)?;
    returned(db, "int4", i32::MAX)?;
    returned(db, "int8", i64::MIN)?;
    returned(db, "oid", u32::MAX)?;
    returned(db, "numeric", u64::MAX)?;
    returned(db, "float4", 1.1_f32)?;
    returned(db, "float8", f64::MAX)?;
    returned(db, "float8", f64::NEG_INFINITY)?;
    returned(db, "int8", None::<i64>)?;
    returned(db, "int8", Some(5_i64))?;
    returned(db, "numeric", "1234567890123456789.000000000000000000001".to_owned())
}

fn texts_and_times(db: &Connection) -> Result<(), Failure> {
    returned(db, "text", "línea\n\"quoted\" \\ 🐘".to_owned())?;
    returned(db, "text", String::new())?;
    returned(db, "char", 'x')?;
    returned(db, "bytea", (0..=255).collect::<Vec<u8>>())?;
    returned(db, "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11".to_owned())?;
    returned(db, "interval", "1 day 02:03:04".to_owned())?;
    returned(db, "time", "12:34:56.789".to_owned())?;
    returned(db, "timestamp", "2026-01-31T12:34:56.789".to_owned())?;
    returned(db, "date", Date { year: 2024, month: 2, day: 29 })?;
    returned(db, "timestamptz", Timestamp::from_unix_micros(1_769_860_800_123_456))?;
    returned(db, "timestamptz", Timestamp::from_unix_micros(-1))?;
    let epoch: Timestamp = one(db, "select $1::timestamptz", &SystemTime::UNIX_EPOCH)?;
    same(&epoch.system_time(), &Some(SystemTime::UNIX_EPOCH))?;
    let offset: String = one(db, "select $1::timetz", &text("12:00:00+02"))?;
    same(&offset, &"12:00:00+02:00".to_owned())?;
    for column in ["json", "jsonb"] {
        returned(db, column, json!({ "a": [1, null, "x"], "b": { "c": 1.5 } }))?;
        let list: Vec<Option<i32>> = one(db, &format!("select $1::{column}"), &AsJson([Some(1), None]))?;
        same(&list, &vec![Some(1), None])?;
    }
    Ok(())
}

fn lists(db: &Connection) -> Result<(), Failure> {
    returned(db, "int4[]", vec![1, -2, 3])?;
    returned(db, "int4[]", Vec::<i32>::new())?;
    returned(db, "int8[]", vec![Some(1_i64), None])?;
    returned(db, "text[]", vec!["a,b".to_owned(), "\"\\{}".to_owned(), String::new(), "NULL".to_owned()])?;
    returned(db, "bool[]", vec![true, false])?;
    returned(db, "float8[]", vec![0.1, -1e300])?;
    returned(db, "int4[]", vec![vec![1, 2], vec![3, 4]])?;
    returned(db, "bytea[]", vec![vec![0_u8, 255], Vec::new()])?;
    returned(db, "date[]", vec![Date { year: 2026, month: 1, day: 31 }])?;
    returned(db, "timestamptz[]", vec![Timestamp::from_unix_micros(0)])?;
    returned(db, "jsonb[]", vec![json!({ "a": 1 }), json!([null])])?;
    let any: Vec<i32> = db
        .query_as("select n from generate_series(1, 5) n where n = any($1) order by n", &[&vec![2, 4]])
        .map_err(failure)?;
    same(&any, &vec![2, 4])?;
    let values: Vec<Value> = db.query_as("select 1 as a, null as b, array[1.5::float8] as c", &[]).map_err(failure)?;
    same(&values, &vec![json!({ "a": 1, "b": null, "c": [1.5] })])
}

/// Sends a value as this type of the server, and compares it with what comes back.
fn returned<T: ToParameter + DeserializeOwned + PartialEq + Debug>(
    db: &Connection,
    of: &str,
    value: T,
) -> Result<(), Failure> {
    let back: T = one(db, &format!("select $1::{of}"), &value)?;
    same(&back, &value)
}

fn one<T: DeserializeOwned>(db: &Connection, sql: &str, value: &dyn ToParameter) -> Result<T, Failure> {
    let wrong = |error| Failure::fatal(format!("{sql}: {error}"));
    let rows = db.query(sql, &[value]).map_err(wrong)?;
    let (Some(column), Some(row)) = (rows.columns().first(), rows.iter().next()) else {
        return Err(Failure::fatal(format!("{sql}: no row")));
    };
    row.and_then(|row| row.get(&column.name)).map_err(wrong)
}

fn same<T: PartialEq + Debug>(found: &T, expected: &T) -> Result<(), Failure> {
    if found == expected {
        return Ok(());
    }
    Err(Failure::fatal(format!("{found:?} instead of {expected:?}")))
}
