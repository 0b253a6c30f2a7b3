//! Schemas and data that are crafted to cost time and memory.

use serde_json::json;

use super::*;

/// A chain of definitions. Each one refers twice to the next, with a keyword chosen by `refer`.
fn doubling(refer: impl Fn(Value) -> Value) -> serde_json::Map<String, Value> {
    let definition = |n: usize| (n.to_string(), refer(json!({ "$ref": format!("#/$defs/{}", n + 1) })));
    let mut definitions: serde_json::Map<_, _> = (0..60).map(definition).collect();
    definitions.insert("60".into(), json!({ "minimum": 0 }));
    definitions
}

async fn takes_too_much_work(schema: Value, data: Value) {
    let failure = refused(&types(&schema), data).await;
    assert_eq!(failure.kind, FailureKind::InvalidData);
    assert!(failure.message.contains("takes too much work to be checked"), "{}", failure.message);
}

#[tokio::test]
async fn references_that_double_are_too_much_work() {
    let twice: [fn(Value) -> Value; 5] = [
        |next| json!({ "allOf": [next.clone(), next] }),
        |next| json!({ "anyOf": [{ "not": next.clone() }, { "not": next }] }),
        |next| json!({ "oneOf": [next.clone(), next.clone(), next] }),
        |next| json!({ "if": next.clone(), "then": next }),
        |next| json!({ "allOf": [{ "not": { "not": next.clone() } }, { "not": { "not": next } }] }),
    ];
    for refer in twice {
        let definitions = doubling(refer);
        takes_too_much_work(json!({ "$ref": "#/$defs/0", "$defs": definitions }), json!(0)).await;
    }
}

#[tokio::test]
async fn searching_evaluated_fields_counts_as_work() {
    let definitions = doubling(|next| json!({ "allOf": [next.clone(), next] }));
    for (keyword, data) in [("unevaluatedProperties", json!({ "a": 1 })), ("unevaluatedItems", json!([1]))] {
        takes_too_much_work(json!({ "$ref": "#/$defs/0", keyword: false, "$defs": definitions }), data).await;
    }
}

#[tokio::test]
async fn every_subschema_counts_for_every_item() {
    let list = |count: usize| json!(vec![0; count]);
    let alternatives = vec![json!({ "maximum": -1 }); 20_000];
    let one_fits = [alternatives.as_slice(), &[json!(true)]].concat();
    for schema in [
        json!({ "items": { "allOf": vec![json!({ "minimum": 0 }); 20_000] } }),
        json!({ "items": { "anyOf": one_fits } }),
        json!({ "items": { "oneOf": one_fits } }),
        json!({ "contains": { "anyOf": alternatives } }),
        json!({ "items": { "enum": (1..100_000).chain([0]).collect::<Vec<_>>() } }),
        json!({ "allOf": vec![json!({ "uniqueItems": false, "items": { "not": { "const": 1 } } }); 20_000] }),
        json!({ "unevaluatedItems": { "allOf": vec![json!({ "minimum": 0 }); 20_000] } }),
    ] {
        takes_too_much_work(schema, list(1_000)).await;
    }
    let object: Value = (0..1_000).map(|n| (n.to_string(), json!(0))).collect::<serde_json::Map<_, _>>().into();
    for schema in [
        json!({ "additionalProperties": { "allOf": vec![json!({ "minimum": 0 }); 20_000] } }),
        json!({ "propertyNames": { "allOf": vec![json!({ "minLength": 0 }); 20_000] } }),
        json!({ "additionalProperties": { "enum": (1..100_000).chain([0]).collect::<Vec<_>>() } }),
        json!({ "patternProperties": (0..5_000).map(|n| (format!("x{n}"), json!({ "minimum": 0 }))).collect::<serde_json::Map<_, _>>() }),
        json!({ "allOf": vec![json!({ "dependentSchemas": { "1": { "required": ["1", "2"] } }, "dependentRequired": { "1": ["2"] } }); 10_000], "patternProperties": { "": { "allOf": vec![json!({ "minimum": 0 }); 10_000] } } }),
    ] {
        takes_too_much_work(schema, object.clone()).await;
    }
}

#[tokio::test]
async fn comparing_large_values_counts() {
    let large: Value = (0..3_000).map(|n| (n.to_string(), json!(n))).collect::<serde_json::Map<_, _>>().into();
    takes_too_much_work(json!({ "allOf": vec![json!({ "uniqueItems": true }); 5_000] }), json!([large, 1])).await;
}

#[tokio::test]
async fn long_names_count() {
    let long = json!({ "required": ["a".repeat(50_000)] });
    let schema = json!({ "anyOf": vec![json!({ "$ref": "#/$defs/long" }); 1_000], "$defs": { "long": long } });
    takes_too_much_work(schema, json!({})).await;
}

#[tokio::test]
async fn a_chain_of_references_takes_no_stack() {
    let definition = |n: usize| (n.to_string(), json!({ "$ref": format!("#/$defs/{}", n + 1) }));
    let mut definitions: serde_json::Map<_, _> = (0..20_000).map(definition).collect();
    definitions.insert("20000".into(), json!({ "type": "number" }));
    takes_too_much_work(json!({ "$ref": "#/$defs/0", "$defs": definitions }), json!(0)).await;
    let types = types(&json!({ "$ref": "#/$defs/16000", "$defs": definitions }));
    assert!(check(&types, json!(0)).await.is_ok());
}

#[tokio::test]
async fn a_reference_to_itself_is_too_much_work() {
    takes_too_much_work(json!({ "$ref": "#" }), json!(0)).await;
    takes_too_much_work(json!({ "allOf": [{ "$ref": "#" }], "$ref": "#/allOf/0" }), json!(0)).await;
    takes_too_much_work(json!({ "$dynamicAnchor": "a", "not": { "$dynamicRef": "#a" } }), json!(0)).await;
}

#[tokio::test]
async fn a_schema_that_goes_into_the_data_may_refer_to_itself() {
    let tree = types(&json!({ "type": "object", "additionalProperties": { "$ref": "#" } }));
    let mut data = json!({});
    for _ in 0..100 {
        data = json!({ "a": data });
    }
    assert!(check(&tree, data).await.is_ok());
}

#[tokio::test]
async fn an_expensive_pattern_is_too_much_work_and_a_cheap_one_on_much_text_is_not() {
    let text = "a".repeat(20_000);
    takes_too_much_work(json!({ "pattern": format!("{}$", "a?".repeat(5_000)) }), json!(text.clone() + "b")).await;
    takes_too_much_work(json!({ "pattern": "(?=[^]*b)c" }), json!(text)).await;
    let text = "a".repeat(1_000_000);
    assert!(check(&types(&json!({ "pattern": "^[a-z]*$" })), json!(text)).await.is_ok());
}

#[test]
fn a_schema_is_compiled_in_proportion_to_its_size() {
    let patterns: serde_json::Map<_, _> =
        (0..5_000).map(|n| (format!("{}x{n}", "\\p{L}{20}".repeat(17)), json!(true))).collect();
    let error = described(&json!({ "patternProperties": patterns })).expect_err("too large").to_string();
    assert!(error.contains("all expressions of the plugin together take more than 200000 units"), "{error}");
    // The largest schemas that a manifest can have, with the keywords that cost the most nodes.
    assert!(described(&json!({ "allOf": vec![json!({ "minimum": 0 }); 60_000] })).is_ok());
    assert!(described(&json!({ "enum": vec![0; 500_000] })).is_ok());
    let definitions = doubling(|next| json!({ "allOf": [next.clone(), next], "unevaluatedProperties": false }));
    assert!(described(&json!({ "$ref": "#/$defs/0", "unevaluatedProperties": false, "$defs": definitions })).is_ok());
}

#[test]
fn an_escaped_keyword_is_the_same_keyword() {
    let expressions =
        (0..5_000).map(|n| format!("{{\"\\u0070attern\": \"(?:a{{100}}){n}\"}}")).collect::<Vec<_>>().join(",");
    let job = JobDescription {
        name: "work".into(),
        description: String::new(),
        data_schema: Some(format!("{{\"anyOf\": [{expressions}]}}")),
        result_schema: None,
    };
    let error = JobTypes::new(Manifest { description: String::new(), jobs: vec![job] }).expect_err("too large");
    assert!(error.to_string().contains("all expressions of the plugin together"), "{error}");
}

#[tokio::test]
async fn other_tasks_of_the_thread_go_on_during_a_check() {
    let types = types(&json!({ "items": { "allOf": vec![json!({ "minimum": 0 }); 1_000] } }));
    let others = tokio::spawn(async {
        let mut turns = 0_u32;
        loop {
            turns += 1;
            if turns == 20 {
                return;
            }
            tokio::task::yield_now().await;
        }
    });
    let checking = check(&types, json!(vec![0; 2_000]));
    tokio::pin!(checking);
    tokio::select! {
        biased;
        _ = &mut checking => panic!("the check was over before the other task had twenty turns"),
        done = others => done.expect("the other task ends"),
    }
}

#[tokio::test]
async fn a_check_ends_at_the_deadline() {
    let types = types(&json!({ "items": { "allOf": vec![json!({ "minimum": 0 }); 1_000] } }));
    let late = types.check(&job("work", json!(vec![0; 1_000])), Instant::now()).await;
    assert!(matches!(late, Err(CheckError::Late)), "{late:?}");
}
