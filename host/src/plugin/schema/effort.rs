//! Bounds what checking data against a plugin's schema takes. References make a small schema an enormous one: sixty
//! definitions that each refer twice to the next one are more than anybody can look at, and a long chain of them would
//! take the stack along. So each reference passes a step that is counted.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Value, json};

/// The keyword that counts. It says nothing of the data.
pub const STEP: &str = "x-toril-step";
/// Keywords whose values refer to schemas.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];
/// Keywords whose values are no schemas, whatever they look like.
const VALUES: [&str; 4] = ["const", "enum", "default", "examples"];
/// Keywords whose values are schemas by names, which may look like keywords.
const NAMED: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
/// References that may be followed in any case, for each byte of the data beside, and at most.
const STEPS: usize = 10_000;
const STEPS_A_BYTE: usize = 4;
const MOST: usize = 2_000_000;
/// References that may be followed to tell what does not fit. Each can be an error, which takes memory.
pub const TELLING: usize = 50_000;
/// How much of the stack that may take, in bytes.
const STACK: usize = 512 * 1024;

thread_local! {
    static LEFT: Cell<Option<Left>> = const { Cell::new(None) };
}

#[derive(Clone, Copy)]
struct Left {
    steps: usize,
    /// Where the stack was at the beginning.
    stack: usize,
}

/// What the check is ended with.
struct TooMuch;

/// The schema with a step before each reference. None: it has one where no schema belongs, and nobody would count it.
pub fn counted(schema: &Value) -> Option<Value> {
    match schema {
        Value::Object(object) => counted_object(object),
        Value::Array(items) => items.iter().map(counted).collect::<Option<Vec<_>>>().map(Value::Array),
        plain => Some(plain.clone()),
    }
}

fn counted_object(object: &Map<String, Value>) -> Option<Value> {
    let mut counted_object = Map::new();
    let mut references = Vec::new();
    for (key, value) in object {
        if REFERENCES.contains(&key.as_str()) && value.is_string() {
            references.push(json!({ key: value }));
        } else if let (true, Some(named)) = (NAMED.contains(&key.as_str()), value.as_object()) {
            let schemas = named.iter().map(|(name, schema)| Some((name.clone(), counted(schema)?)));
            counted_object.insert(key.clone(), Value::Object(schemas.collect::<Option<_>>()?));
        } else if VALUES.contains(&key.as_str()) {
            if refers(value) {
                return None;
            }
            counted_object.insert(key.clone(), value.clone());
        } else {
            counted_object.insert(key.clone(), counted(value)?);
        }
    }
    if !references.is_empty() {
        // Behind what is there, which may be referred to by its number.
        let all = counted_object.entry("allOf").or_insert_with(|| json!([]));
        // A reference beside what is no list is told as an error of the schema.
        if let Some(all) = all.as_array_mut() {
            for reference in references {
                all.push(json!({ STEP: true }));
                all.push(reference);
            }
        }
    }
    Some(Value::Object(counted_object))
}

/// Whether there is a reference in it.
fn refers(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.iter().any(|(key, value)| REFERENCES.contains(&key.as_str()) || refers(value)),
        Value::Array(items) => items.iter().any(refers),
        _ => false,
    }
}

/// References that may be followed to check so many bytes.
pub fn steps(bytes: usize) -> usize {
    bytes.saturating_mul(STEPS_A_BYTE).saturating_add(STEPS).min(MOST)
}

/// Checks something with so many references followed. None: it takes too much.
pub fn bounded<T>(steps: usize, check: impl FnOnce() -> T) -> Option<T> {
    let here = 0_u8;
    LEFT.set(Some(Left { steps, stack: std::ptr::from_ref(&here).addr() }));
    let checked = catch_unwind(AssertUnwindSafe(check));
    LEFT.set(None);
    match checked {
        Ok(checked) => Some(checked),
        Err(thrown) if thrown.is::<TooMuch>() => None,
        Err(thrown) => resume_unwind(thrown),
    }
}

/// The keyword [`STEP`].
pub struct Step;

impl Step {
    fn take() {
        let here = 0_u8;
        let Some(left) = LEFT.get() else { return };
        let deep = left.stack.abs_diff(std::ptr::from_ref(&here).addr()) > STACK;
        if deep || left.steps == 0 {
            // Without the words of a panic: it is none.
            resume_unwind(Box::new(TooMuch));
        }
        LEFT.set(Some(Left { steps: left.steps - 1, ..left }));
    }
}

impl<'i> Keyword<'i> for Step {
    fn validate(&self, _: &'i Value) -> Result<(), ValidationError<'i>> {
        Self::take();
        Ok(())
    }

    fn is_valid(&self, _: &'i Value) -> bool {
        Self::take();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reference_is_behind_a_step_and_numbers_stay() {
        let schema = json!({ "properties": { "default": { "$ref": "#/a" } }, "allOf": [{}], "$ref": "#/b" });
        let wanted = json!({
            "properties": { "default": { "allOf": [{ STEP: true }, { "$ref": "#/a" }] } },
            "allOf": [{}, { STEP: true }, { "$ref": "#/b" }],
        });
        assert_eq!(counted(&schema), Some(wanted));
    }

    #[test]
    fn a_reference_where_no_schema_belongs_is_refused() {
        assert_eq!(counted(&json!({ "const": [{ "a": { "$ref": "#" } }] })), None);
        assert!(counted(&json!({ "const": { "allOf": [] } })).is_some());
    }

    #[test]
    fn what_takes_too_many_steps_is_ended_and_what_does_not_is_not() {
        let take = |count: usize| bounded(100, || (0..count).for_each(|_| Step::take()));
        assert_eq!((take(100), take(101), take(1)), (Some(()), None, Some(())));
    }

    #[test]
    fn what_takes_too_much_of_the_stack_is_ended() {
        fn deeper(levels: usize) -> usize {
            Step::take();
            let frame = std::hint::black_box([levels; 64]);
            if levels == 0 { 0 } else { deeper(levels - 1) + frame[0] }
        }
        assert_eq!((bounded(MOST, || deeper(10_000)), bounded(MOST, || deeper(1))), (None, Some(1)));
    }
}
