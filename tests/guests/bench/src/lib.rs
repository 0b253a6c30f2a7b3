//! The jobs of the benchmarks. Each contender has the same jobs: bench/js (for Toril and for Node), bench/py, and
//! bench/src/native.rs.

mod compute;

use serde::Deserialize;
use serde_json::json;
use toril_plugin::http::Request;
use toril_plugin::{Failure, Job, Json, Manifest, RawPlugin, clock};

struct Bench;

#[derive(Deserialize)]
struct Data {
    /// Rounds of arithmetic.
    #[serde(default)]
    rounds: u32,
    /// A URL with a slow response.
    #[serde(default)]
    url: String,
    /// Milliseconds to wait.
    #[serde(default)]
    ms: u64,
}

impl RawPlugin for Bench {
    fn describe() -> Manifest {
        Manifest { description: "The jobs of the benchmarks.".into(), jobs: Vec::new() }
    }

    fn handle(job: Job<Json>) -> Result<Json, Failure> {
        match job.name.as_str() {
            "noop" => Ok(Json::from_text("1")),
            "payload" => Ok(job.data),
            "json" => Ok(Json::from(compute::totals(job.parse::<compute::Orders>()?.data))),
            "sort" => Ok(Json::from(compute::sort(job.parse::<compute::Count>()?.data))),
            "sha256" => Ok(Json::from(compute::sha256(job.parse::<compute::Text>()?.data))),
            name => {
                let name = name.to_owned();
                work(&name, job.parse::<Data>()?.data)
            }
        }
    }
}

fn work(name: &str, data: Data) -> Result<Json, Failure> {
    match name {
        "cpu" => Ok(Json::from(json!(churn(data.rounds)))),
        "http" => Ok(Json::from(json!(Request::get(&data.url).send()?.status()))),
        "hold" => {
            clock::sleep(std::time::Duration::from_millis(data.ms));
            Ok(Json::from_text("1"))
        }
        other => Err(Failure::fatal(format!("unknown workload `{other}`"))),
    }
}

/// Runs this many rounds of a 32-bit xorshift.
fn churn(rounds: u32) -> u32 {
    let mut state: u32 = 0x9E37_79B9;
    for _ in 0..rounds {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
    }
    state
}

toril_plugin::export!(Bench);
