//! Entry points for fuzzing.

use std::time::{Duration, Instant};

use tokio::runtime;

use super::{CheckError, JobDescription, JobTypes, Manifest};
use toril_job::{Job, Json, QueueName};

/// Checks a job against a schema: the first line of the input is the schema of the job data, the second is the data.
pub fn manifest(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (schema, payload) = text.split_once('\n').unwrap_or((&text, "{}"));
    let kind = JobDescription {
        name: "work".to_owned(),
        description: schema.to_owned(),
        data_schema: Some(schema.to_owned()),
        result_schema: None,
    };
    let Ok(types) = JobTypes::new(Manifest { description: String::new(), jobs: vec![kind] }) else { return };
    let Ok(data) = Json::parse(payload) else { return };
    let Ok(queue) = QueueName::new("queue") else { return };
    let job = Job {
        id: "1".into(),
        queue,
        name: "work".to_owned(),
        data,
        attempt: 1,
        max_attempts: 1,
        added_at: 0,
        parent: None,
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    let Ok(runtime) = runtime::Builder::new_current_thread().build() else { return };
    let checked = runtime.block_on(types.check(&job, deadline));
    // Describing a mismatch has a smaller work budget than detecting one.
    let is_spent = |message: &str| message.contains("too much work");
    let fits = match &checked {
        Err(CheckError::Job(failure)) if is_spent(&failure.message) => return,
        checked => checked.is_ok(),
    };
    if let (Some(kind), Ok(value)) = (types.get("work"), job.data.value()) {
        let problems = kind.problems(&value);
        let described = !problems.iter().any(|problem| is_spent(&problem.message));
        assert!(!described || problems.is_empty() == fits, "the two checks do not agree");
    }
}

#[cfg(test)]
mod tests {
    const TARGETS: &[toril_corpus::Target] = &[("manifest", super::manifest)];

    #[test]
    fn the_corpus_of_each_target_holds() {
        toril_corpus::hold(TARGETS);
    }

    #[test]
    #[ignore = "takes as long as it is given"]
    fn each_target_holds_for_a_while() {
        toril_corpus::drive(TARGETS);
    }
}
