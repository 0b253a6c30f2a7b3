//! Doubles a number: the smallest typed plugin, with a schema.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use toril_plugin::{Failure, Job, Jobs, Plugin};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Data {
    n: Number,
}

#[derive(Serialize, JsonSchema)]
struct Doubled {
    doubled: Number,
}

struct Double;

impl Plugin for Double {
    const DESCRIPTION: &'static str = "Doubles numbers.";

    fn jobs() -> Jobs {
        Jobs::new().on("double", "Doubles one number.", double)
    }
}

fn double(job: Job<Data>) -> Result<Doubled, Failure> {
    let n = job.data.n;
    let whole = n.as_i64().and_then(|n| n.checked_mul(2)).map(Number::from);
    let doubled = whole.or_else(|| n.as_f64().and_then(|n| Number::from_f64(n * 2.0)));
    doubled.map(|doubled| Doubled { doubled }).ok_or_else(|| Failure::fatal("the number is too large to double"))
}

toril_plugin::export!(Double);

#[cfg(test)]
mod tests {
    use toril_plugin::{Json, RawPlugin};

    use super::*;

    #[test]
    fn whole_numbers_stay_whole() {
        let run = |data: &str| Double::handle(Job::for_test("double", Json::from_text(data)));
        assert_eq!(run(r#"{"n":21}"#), Ok(Json::from_text(r#"{"doubled":42}"#)));
        assert_eq!(run(r#"{"n":0.25}"#), Ok(Json::from_text(r#"{"doubled":0.5}"#)));
        assert!(matches!(run(r#"{"n":1e308}"#), Err(Failure::Fatal(_))));
    }
}
