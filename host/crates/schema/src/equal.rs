//! Compares JSON values, and counts the steps in the budget.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use serde_json::Value;

use super::budget::{Budget, Spent};
use super::number::Num;

/// Bytes of text that are compared per step.
const TEXT: usize = 32;

/// The steps that comparing a text costs.
pub fn steps_of(text: &str) -> u64 {
    1 + (text.len() / TEXT) as u64
}

/// Whether two values are equal. The recursion is bounded, since the JSON parser limits the nesting depth.
pub fn equal(one: &Value, other: &Value, budget: &mut Budget) -> Result<bool, Spent> {
    budget.take(1)?;
    match (one, other) {
        (Value::Null, Value::Null) => Ok(true),
        (Value::Bool(one), Value::Bool(other)) => Ok(one == other),
        (Value::Number(one), Value::Number(other)) => Ok(Num::new(one).compare(Num::new(other)).is_eq()),
        (Value::String(one), Value::String(other)) => {
            if one.len() != other.len() {
                return Ok(false);
            }
            budget.take(steps_of(one))?;
            Ok(one == other)
        }
        (Value::Array(one), Value::Array(other)) => {
            if one.len() != other.len() {
                return Ok(false);
            }
            for (one, other) in one.iter().zip(other) {
                if !equal(one, other, budget)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Object(one), Value::Object(other)) => {
            if one.len() != other.len() {
                return Ok(false);
            }
            for (key, one) in one {
                budget.take(steps_of(key))?;
                match other.get(key) {
                    Some(other) if equal(one, other, budget)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Whether all values are different (`uniqueItems`).
pub fn all_differ(values: &[Value], budget: &mut Budget) -> Result<bool, Spent> {
    // A randomly keyed hash, so that crafted data cannot cause many collisions.
    let hashes = RandomState::new();
    let mut seen: HashMap<u64, Vec<&Value>> = HashMap::new();
    for value in values {
        let same = seen.entry(hash(value, &hashes, budget)?).or_default();
        for other in same.iter() {
            if equal(value, other, budget)? {
                return Ok(false);
            }
        }
        same.push(value);
    }
    Ok(true)
}

/// A hash that is equal for equal values.
fn hash(value: &Value, hashes: &RandomState, budget: &mut Budget) -> Result<u64, Spent> {
    budget.take(2)?;
    let mut hasher = hashes.build_hasher();
    match value {
        Value::Null => hasher.write_u8(0),
        Value::Bool(value) => hasher.write_u8(1 + u8::from(*value)),
        Value::Number(number) => {
            hasher.write_u8(3);
            hasher.write_u128(Num::new(number).bits());
        }
        Value::String(text) => {
            budget.take(steps_of(text))?;
            hasher.write_u8(4);
            hasher.write(text.as_bytes());
        }
        Value::Array(list) => {
            hasher.write_u8(5);
            for value in list {
                hasher.write_u64(hash(value, hashes, budget)?);
            }
        }
        Value::Object(map) => {
            // The sum does not depend on the order of the fields.
            let mut sum = 0_u64;
            for (key, value) in map {
                budget.take(steps_of(key))?;
                sum = sum.wrapping_add(hashes.hash_one((key, hash(value, hashes, budget)?)));
            }
            hasher.write_u8(6);
            hasher.write_u64(sum);
        }
    }
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plenty() -> Budget {
        Budget::new(u64::MAX)
    }

    #[test]
    fn equal_values_in_different_forms_are_equal() {
        let same = |one: Value, other: Value| equal(&one, &other, &mut plenty()).expect("within the budget");
        assert!(same(json!({ "a": 1, "b": [2.0] }), json!({ "b": [2], "a": 1.0 })));
        assert!(!same(json!({ "a": 1 }), json!({ "a": true })) && !same(json!([1, 2]), json!([2, 1])));
        assert!(!same(json!({ "a": 1 }), json!({ "b": 1 })) && !same(json!("1"), json!(1)));
    }

    #[test]
    fn values_that_are_the_same_are_found() {
        let differ =
            |values: Value| all_differ(values.as_array().expect("a list"), &mut plenty()).expect("within the budget");
        assert!(differ(json!([1, "1", true, [1], { "a": 1 }, null, 0, false, [], {}])));
        assert!(!differ(json!([1, 2, 1.0])) && !differ(json!([{ "a": 1, "b": 2 }, { "b": 2, "a": 1 }])));
    }

    #[test]
    fn finding_them_takes_steps_for_each_value_and_not_for_each_pair() {
        let values: Vec<Value> = (0..10_000).map(Value::from).collect();
        assert_eq!(all_differ(&values, &mut Budget::new(100_000)), Ok(true));
        assert_eq!(all_differ(&values, &mut Budget::new(1_000)), Err(Spent));
    }
}
