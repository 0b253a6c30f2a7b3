//! Tries to use what no plugin is granted, and returns what it got. The job's name selects the attempt.

#[cfg(target_arch = "wasm32")]
mod requests;
#[cfg(target_arch = "wasm32")]
mod wasi;

use serde_json::json;
use toril_plugin::{Failure, Job, Json, Manifest, RawPlugin};

struct Reach;

impl RawPlugin for Reach {
    fn describe() -> Manifest {
        Manifest { description: "Reaches for what it is not given.".into(), jobs: Vec::new() }
    }

    fn handle(job: Job<Json>) -> Result<Json, Failure> {
        let got = match job.name.as_str() {
            "files" => wasi::files(),
            "environment" => wasi::environment(),
            "arguments" => wasi::arguments(),
            "socket" => wasi::socket(),
            "lookup" => wasi::lookup(),
            "print" => wasi::print(),
            "many-requests" => requests::many(&authority(&job)?, 17),
            "timeouts" => requests::with_timeouts("127.0.0.1:1", 1_100),
            "targets" => requests::targets(&job.data.parse::<Vec<[String; 2]>>().unwrap_or_default()),
            "drain" => requests::drain(&authority(&job)?),
            other => return Err(Failure::fatal(format!("there is no {other:?} to reach for"))),
        };
        Ok(Json::from(json!({ "got": got })))
    }
}

/// The authority of a server, from the job's data.
fn authority(job: &Job<Json>) -> Result<String, Failure> {
    job.data.parse().map_err(|_| Failure::fatal("the data is not an authority, such as \"127.0.0.1:80\""))
}

/// Outside of a component, there is nothing to test.
#[cfg(not(target_arch = "wasm32"))]
mod requests {
    use serde_json::Value;

    pub fn many(_authority: &str, _count: usize) -> Value {
        Value::Null
    }

    pub fn with_timeouts(_authority: &str, _count: usize) -> Value {
        Value::Null
    }

    pub fn targets(_targets: &[[String; 2]]) -> Value {
        Value::Null
    }

    pub fn drain(_authority: &str) -> Value {
        Value::Null
    }
}

/// The same, without a component.
#[cfg(not(target_arch = "wasm32"))]
mod wasi {
    pub fn nothing() -> serde_json::Value {
        serde_json::Value::Null
    }

    pub use nothing as files;
    pub use nothing as environment;
    pub use nothing as arguments;
    pub use nothing as socket;
    pub use nothing as lookup;
    pub use nothing as print;
}

toril_plugin::export!(Reach);
