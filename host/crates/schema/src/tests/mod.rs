mod bounds;
mod manifest;
mod others;
mod suite;

use std::time::{Duration, Instant};

use serde_json::Value;

use super::*;
use toril_job::QueueName;

/// The job types of a plugin with a single one, "work", whose data has this schema.
fn described(schema: &Value) -> Result<JobTypes, ManifestError> {
    let job = JobDescription {
        name: "work".into(),
        description: String::new(),
        data_schema: Some(schema.to_string()),
        result_schema: None,
    };
    JobTypes::new(Manifest { description: String::new(), jobs: vec![job] })
}

fn types(schema: &Value) -> JobTypes {
    described(schema).expect("a valid manifest")
}

fn job(name: &str, data: Value) -> Job {
    Job {
        id: "1".into(),
        queue: QueueName::new("q").unwrap(),
        name: name.into(),
        data: data.into(),
        attempt: 1,
        max_attempts: 1,
        added_at: 0,
        parent: None,
    }
}

async fn check(types: &JobTypes, data: Value) -> Result<(), CheckError> {
    types.check(&job("work", data), Instant::now() + Duration::from_secs(600)).await
}

/// Why a job with this data is refused.
async fn refused(types: &JobTypes, data: Value) -> Failure {
    match check(types, data).await {
        Err(CheckError::Job(failure)) => failure,
        other => panic!("not refused: {other:?}"),
    }
}

/// Whether data matches a schema, without a practical limit on the steps.
fn fits(schema: &Value, data: &Value) -> Result<bool, String> {
    let schema = compile(schema, &mut Room::default())?;
    let mut budget = Budget::new(u64::from(u32::MAX));
    let mut check = Check::new(&schema, data);
    loop {
        match check.go_on(&mut budget) {
            Ok(Some(fits)) => return Ok(fits),
            Ok(None) => budget.resume(),
            Err(Spent) => return Err("too much work".to_owned()),
        }
    }
}
