use proptest::prelude::*;
use serde_json::Value;

use super::case::{expected, times};
use super::*;

/// Times that BullMQ for Node computed, see `tests/interop/cron.mjs`.
const VECTORS: &str = include_str!("vectors.json");

#[test]
fn patterns_occur_when_node_says() {
    let vectors: Value = serde_json::from_str(VECTORS).expect("JSON");
    let cases = vectors["cases"].as_array().expect("cases");
    assert!(cases.len() > 300, "{} cases", cases.len());
    for case in cases {
        // Patterns that cron-parser 5 rejects may be accepted by version 4, see the crate's comment.
        let Some(expected) = expected(case) else { continue };
        assert_eq!(times(case), Ok(expected), "{case}");
    }
}

#[test]
fn what_node_refuses_is_refused() {
    for pattern in [
        "",
        " ",
        "* * * * * * *",
        "60 * * * *",
        "0 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "5-1 * * * *",
        "*/0 * * * *",
        "/5 * * * *",
        "5, * * * *",
        "-5 * * * *",
        "a * * * *",
        "* * * FOO *",
        "0 0 * * L",
        "0 0 * * 5#6",
        "0 0 * * 1,5#2",
        "1/2/3 * * * *",
        "@never",
        "@Daily",
        "0 0 W * *",
        "0 0 15W * *",
        "0 0 L-2 * *",
        "0 0 31 4 *",
        "0 0 30 2 *",
        "(1) * * * *",
        "H(5-1) * * * *",
        "H(70-80) * * * *",
        "H/0 * * * *",
        "RRULE:FREQ=SECONDLY;INTERVAL=20",
    ] {
        let occurrences = Occurrences { pattern, zone: Some("UTC"), ..Occurrences::default() };
        assert!(occurrences.next(0).is_err(), "{pattern}");
    }
}

#[test]
fn a_list_may_name_a_value_twice_as_in_bullmq_5() {
    let minutes = |pattern| {
        let occurrences = Occurrences { pattern, zone: Some("UTC"), ..Occurrences::default() };
        occurrences.next(0).map(|at| at.map(|at| at / 60_000))
    };
    assert_eq!(minutes("5,5,*/20 * * * *"), Ok(Some(5)));
    assert_eq!(minutes("0 0 * * 0,7"), Ok(Some(3 * 24 * 60)));
}

#[test]
fn an_error_names_the_pattern_the_field_and_the_fault() {
    let error = check_pattern("0 25 * * *", "UTC").expect_err("no such hour");
    assert_eq!(error, "cron pattern `0 25 * * *`: hour: `25` is no value from 0 to 23");
    let error = check_pattern("0 0 * * *", "Mars/Base").expect_err("no such zone");
    assert!(error.contains("time zone `Mars/Base` is unknown"), "{error}");
    assert!(check_pattern("0 0 29 2 *", "UTC").is_ok());
    assert!(check_pattern(&"1,".repeat(600), "UTC").expect_err("too long").len() < 200);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn any_text_has_an_answer(pattern in "[ 0-9*/,?LHW#@()a-c-]{0,40}", zone in "[A-Za-z/+0-9:-]{0,20}", from in any::<i64>()) {
        let occurrences = Occurrences { pattern: &pattern, zone: Some(&zone), ..Occurrences::default() };
        if let Ok(Some(next)) = occurrences.next(from) {
            prop_assert!(next > from);
        }
    }
}
