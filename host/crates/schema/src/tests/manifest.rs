//! How manifests are accepted or refused, and the messages for refused jobs.

use serde_json::json;

use super::*;

fn numbers() -> JobTypes {
    types(&json!({"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}))
}

#[test]
fn a_manifest_has_bounds() {
    let kind = |schema: Option<String>| JobDescription {
        name: String::new(),
        description: String::new(),
        data_schema: schema,
        result_schema: None,
    };
    let refused = |jobs| {
        let manifest = Manifest { description: String::new(), jobs };
        JobTypes::new(manifest).expect_err("too much").to_string()
    };
    assert!(refused(vec![kind(None); KINDS + 1]).contains("1001 kinds of job, and may describe 1000"));
    assert!(refused(vec![kind(Some("x".repeat(BYTES + 1)))]).contains("1048577 bytes of names"));
}

#[tokio::test]
async fn data_that_fits_passes() {
    assert!(check(&numbers(), json!({"n": 21})).await.is_ok());
}

#[tokio::test]
async fn data_that_does_not_fit_is_named_by_field_without_its_value() {
    let failure = refused(&numbers(), json!({"n": "s3cret"})).await;
    assert_eq!(failure.kind, FailureKind::InvalidData);
    assert!(failure.message.contains("field /n: the value is not of type \"number\""), "{}", failure.message);
    assert!(!failure.message.contains("s3cret"), "{}", failure.message);
}

#[tokio::test]
async fn the_first_problems_are_listed_and_the_others_counted() {
    let failure =
        refused(&types(&json!({ "items": { "type": "number" } })), json!(["a", "b", "c", "d", "e", "f", "g"])).await;
    assert!(
        failure.message.ends_with("field /4: the value is not of type \"number\"; and 2 more"),
        "{}",
        failure.message
    );
}

#[test]
fn each_problem_names_its_field() {
    let kind = numbers();
    let kind = kind.get("work").expect("the type");
    let missing = DataProblem { field: "/n".into(), message: "this field is needed".into() };
    assert_eq!(kind.problems(&json!({})), [missing]);
    assert_eq!(kind.problems(&json!({ "n": "x" }))[0].field, "/n");
    assert!(kind.problems(&json!({ "n": 1 })).is_empty());
}

#[test]
fn every_keyword_says_what_is_wrong() {
    for (schema, data, wanted) in [
        (
            json!({ "type": ["null", "array"] }),
            json!(1),
            "the data: the value is not of one of the types [\"null\", \"array\"]",
        ),
        (json!({ "const": 1 }), json!(2), "the data: the value is not 1"),
        (json!({ "enum": [1, "a"] }), json!(2), "the data: the value is not one of 1, \"a\""),
        (json!({ "minimum": 1.5 }), json!(1), "the data: the value is less than 1.5"),
        (json!({ "exclusiveMaximum": 1 }), json!(1), "the data: the value is not less than 1"),
        (json!({ "multipleOf": 2 }), json!(1), "the data: the value is not a multiple of 2"),
        (json!({ "maxLength": 1 }), json!("äöü"), "the data: the value has more than 1 characters"),
        (json!({ "minItems": 1 }), json!([]), "the data: the value has fewer than 1 items"),
        (json!({ "pattern": "^a" }), json!("b"), "the data: the value does not match \"^a\""),
        (json!({ "additionalProperties": false }), json!({ "a/b": 1 }), "field /a~1b: nothing is allowed here"),
        (
            json!({ "dependentRequired": { "a": ["b"] } }),
            json!({ "a": 1 }),
            "field /b: this field is needed beside \"a\"",
        ),
        (json!({ "uniqueItems": true }), json!([1, 1]), "the data: two items of the value are the same"),
        (json!({ "anyOf": [false, false] }), json!(1), "the data: the value fits none of the schemas under `anyOf`"),
        (json!({ "not": true }), json!(1), "the data: the value fits the schema under `not`"),
        (
            json!({ "properties": { "a": { "items": { "type": "null" } } } }),
            json!({ "a": [null, 1] }),
            "field /a/1: the value is not of type \"null\"",
        ),
        (json!({ "unevaluatedProperties": false }), json!({ "a": 1 }), "field /a: nothing is allowed here"),
        (json!({ "contains": false }), json!([1]), "the data: fewer than 1 items fit the schema under `contains`"),
        (
            json!({ "propertyNames": { "maxLength": 1 } }),
            json!({ "ab": 1 }),
            "the data: the name of a field does not fit the schema under `propertyNames`",
        ),
    ] {
        let types = types(&schema);
        let problems = types.get("work").expect("the type").problems(&data);
        let found: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(found, [wanted], "{schema}");
    }
}

#[tokio::test]
async fn an_unknown_name_is_refused_with_the_known_ones() {
    let failure = match numbers().check(&job("treble", json!({})), Instant::now()).await {
        Err(CheckError::Job(failure)) => failure,
        other => panic!("not refused: {other:?}"),
    };
    assert_eq!(failure.kind, FailureKind::UnknownJob);
    assert!(failure.message.contains("it handles: work"), "{}", failure.message);
}

#[test]
fn a_schema_that_is_not_valid_is_refused_with_its_place() {
    for (schema, wanted) in [
        (json!({ "type": 7 }), "`type` has no type"),
        (json!({ "type": "nummer" }), "`type` has no type"),
        (json!([]), "where a schema belongs there is neither an object nor a boolean"),
        (json!({ "minimum": "1" }), "`minimum` is no number"),
        (json!({ "multipleOf": 0 }), "`multipleOf` is not larger than 0"),
        (json!({ "maxLength": -1 }), "`maxLength` is no whole number from 0 on"),
        (json!({ "required": "a" }), "`required` is no list of names"),
        (json!({ "allOf": [] }), "`allOf` is empty"),
        (json!({ "items": [{}] }), "`items` is a list: that is `prefixItems`"),
        (json!({ "pattern": "(" }), "the regular expression \"(\" cannot be used: a group without its end"),
        (json!({ "$ref": "#/$defs/a" }), "it refers to \"#/$defs/a\", and there is nothing"),
        (json!({ "$ref": "https://example.com/a" }), "which is not in the schema, and nothing is fetched for one"),
        (json!({ "$ref": 1 }), "`$ref` is no text"),
        (json!({ "$id": 1 }), "`$id` is no text"),
        (json!({ "$defs": { "a": { "$anchor": "x" }, "b": { "$anchor": "x" } } }), "two schemas have the anchor \"x\""),
        (json!({ "$id": "a".repeat(3_000) }), "is longer than 2000 bytes"),
    ] {
        let error = described(&schema).expect_err("no schema").to_string();
        assert!(error.contains("job \"work\"") && error.contains(wanted), "{schema}: {error}");
    }
    let error = described(&json!({ "properties": { "a": { "type": 7 } } })).expect_err("no schema").to_string();
    assert!(error.contains("at \"/properties/a\": `type` has no type"), "{error}");
}
