//! The plugin {{name}}: one function for each kind of job.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toril_plugin::{Failure, Job, Jobs, Plugin, log};

/// The data of a job called `greet`. The host fails jobs whose data does not match this type.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Greet {
    /// Whom to greet.
    #[schemars(length(min = 1))]
    name: String,
}

/// The result of a job called `greet`.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Greeting {
    text: String,
}

struct {{Name}};

impl Plugin for {{Name}} {
    const DESCRIPTION: &'static str = "Greets people.";

    fn jobs() -> Jobs {
        Jobs::new().on("greet", "Greets one person.", greet)
    }
}

fn greet(job: Job<Greet>) -> Result<Greeting, Failure> {
    log::info(format_args!("attempt {} of {}", job.attempt, job.max_attempts));
    Ok(Greeting { text: format!("Hello, {}!", job.data.name) })
}

toril_plugin::export!({{Name}});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_greeted_by_name() {
        let job = Job::for_test("greet", Greet { name: "Ada".into() });
        assert_eq!(greet(job), Ok(Greeting { text: "Hello, Ada!".into() }));
    }
}
