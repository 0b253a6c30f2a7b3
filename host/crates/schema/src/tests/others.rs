//! Compares this implementation with another one, on random schemas and data.

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

fn names() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned)
}

fn data() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2..4_i32).prop_map(Value::from),
        (-4..8_i32).prop_map(|half| json!(f64::from(half) / 2.0)),
        prop::sample::select(vec!["", "a", "ab", "abc", "ä", "1"]).prop_map(Value::from),
    ];
    plain.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn keyword(schema: BoxedStrategy<Value>) -> impl Strategy<Value = (String, Value)> {
    let with = |keyword: &'static str, value: BoxedStrategy<Value>| {
        value.prop_map(move |value| (keyword.to_owned(), value)).boxed()
    };
    let list = prop::collection::vec(schema.clone(), 1..3).prop_map(Value::from).boxed();
    let named = prop::collection::btree_map(names(), schema.clone(), 0..3)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
        .boxed();
    let patterns = prop::collection::btree_map(
        prop::sample::select(vec!["^a", "b$", "[bc]", "^(?!a)"]).prop_map(str::to_owned),
        schema.clone(),
        0..3,
    )
    .prop_map(|map| Value::Object(map.into_iter().collect()))
    .boxed();
    let size = (0..4_u32).prop_map(Value::from).boxed();
    let limit = (-3..5_i32).prop_map(|half| json!(f64::from(half) / 2.0)).boxed();
    let needed = prop::collection::btree_set(names(), 0..3).prop_map(|names| json!(names)).boxed();
    let mut all = vec![
        with(
            "type",
            prop::sample::select(vec!["null", "boolean", "integer", "number", "string", "array", "object"])
                .prop_map(Value::from)
                .boxed(),
        ),
        with("const", data().boxed()),
        with("enum", prop::collection::vec(data(), 1..3).prop_map(Value::from).boxed()),
        with("multipleOf", prop::sample::select(vec![0.5, 1.0, 2.0]).prop_map(Value::from).boxed()),
        with(
            "pattern",
            prop::sample::select(vec!["^a", "b|1", "^.{2}$", "^(?!ab)", "\\d", "ä"]).prop_map(Value::from).boxed(),
        ),
        with("uniqueItems", any::<bool>().prop_map(Value::from).boxed()),
        with("required", needed.clone()),
        with("dependentRequired", (names(), needed).prop_map(|(name, needs)| json!({ name: needs })).boxed()),
        with("dependentSchemas", named.clone()),
        with("properties", named),
        with("patternProperties", patterns),
        with("$ref", prop::sample::select(vec!["#/$defs/a", "#/$defs/b"]).prop_map(Value::from).boxed()),
    ];
    for keyword in ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"] {
        all.push(with(keyword, limit.clone()));
    }
    for keyword in [
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "minContains",
        "maxContains",
    ] {
        all.push(with(keyword, size.clone()));
    }
    for keyword in ["allOf", "anyOf", "oneOf", "prefixItems"] {
        all.push(with(keyword, list.clone()));
    }
    for keyword in [
        "not",
        "if",
        "then",
        "else",
        "items",
        "contains",
        "additionalProperties",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
    ] {
        all.push(with(keyword, schema.clone()));
    }
    prop::strategy::Union::new(all)
}

fn schema() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![4 => Just(json!({})), 1 => any::<bool>().prop_map(Value::from)];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop::collection::vec(keyword(inner.boxed()), 0..4)
            .prop_map(|keywords| Value::Object(keywords.into_iter().collect()))
    })
    .boxed()
}

/// A schema with two definitions that contain no references, so that no reference cycle can occur.
fn document() -> impl Strategy<Value = Value> {
    let definition = || {
        prop_oneof![
            Just(json!({ "type": ["string", "null"] })),
            Just(json!({ "properties": { "a": { "type": "number" } } })),
            Just(json!({ "prefixItems": [true], "required": ["b"] })),
        ]
    };
    (schema(), definition(), definition()).prop_map(|(schema, a, b)| match schema {
        Value::Object(mut keywords) => {
            keywords.insert("$defs".into(), json!({ "a": a, "b": b }));
            Value::Object(keywords)
        }
        other => other,
    })
}

/// Regular expressions that both implementations support. Unlike ECMA-262, the other one counts non-ASCII letters as
/// word characters, so there are no such letters here.
fn pattern() -> BoxedStrategy<String> {
    let leaf = prop::sample::select(vec![
        "a", "b", ".", "[ab]", "[^a]", "\\d", "\\D", "\\w", "\\W", "\\s", "\\p{L}", "€", "[b-€-]", "\\u0061", "",
    ]);
    let assertion = prop::sample::select(vec!["^", "$", "\\b", "\\B"]);
    let leaf = prop_oneof![5 => leaf.prop_map(str::to_owned), 1 => assertion.prop_map(|text| format!("(?:{text})"))];
    leaf.prop_recursive(4, 16, 3, |inner| {
        let many = prop::collection::vec(inner.clone(), 1..4);
        let times = prop::sample::select(vec!["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?"]);
        prop_oneof![
            many.clone().prop_map(|parts| parts.concat()),
            many.prop_map(|parts| format!("(?:{})", parts.join("|"))),
            (inner.clone(), times).prop_map(|(inner, times)| format!("(?:{inner}){times}")),
            inner.clone().prop_map(|inner| format!("(?={inner})")),
            inner.prop_map(|inner| format!("(?!{inner})")),
        ]
    })
    .boxed()
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(
        prop::collection::vec(prop::sample::select(vec!["a", "b", "€", "1", " ", "\n", "_"]), 0..6),
        8,
    )
    .prop_map(|texts| texts.into_iter().map(|parts| parts.concat()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn another_implementation_gives_the_same_result(schema in document(), data in prop::collection::vec(data(), 8)) {
        let other = jsonschema::draft202012::new(&schema).expect("the schema is valid");
        for data in data {
            prop_assert_eq!(fits(&schema, &data), Ok(other.is_valid(&data)), "{} {}", schema, data);
            let compiled = compile(&schema, &mut Room::default()).expect("the schema is valid");
            let found = Check::problems(&compiled, &data, &mut Budget::new(u64::from(u32::MAX))).expect("within the budget");
            prop_assert_eq!(found.0.is_empty(), other.is_valid(&data), "{} {}", schema, data);
        }
    }

    #[test]
    fn another_implementation_finds_the_same_matches(pattern in pattern(), texts in texts()) {
        let schema = json!({ "pattern": pattern });
        // The other implementation does not accept every expression.
        let Ok(other) = jsonschema::draft202012::new(&schema) else { return Ok(()) };
        for text in texts {
            let data = json!(text);
            prop_assert_eq!(fits(&schema, &data), Ok(other.is_valid(&data)), "{} {}", schema, data);
        }
    }
}
