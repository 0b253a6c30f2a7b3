//! Connects to servers in every way that the SDK and WASI have, selected by the job's name. Data is not validated,
//! because the host is under test.

mod kept;
mod many;
mod talk;
#[cfg(target_arch = "wasm32")]
mod wasi;

use toril_plugin::tcp::{self, TcpError};
use toril_plugin::{Failure, Job, Json, Manifest, RawPlugin, config};

struct Sockets;

impl RawPlugin for Sockets {
    /// With a server in the setting `describe`, connects to it here, where no job is running.
    fn describe() -> Manifest {
        let description = match config::get("describe") {
            Ok(Some(server)) => match tcp::connect(&server) {
                Ok(_) => "connected".to_owned(),
                Err(error) => error.to_string(),
            },
            _ => "Connects to servers.".to_owned(),
        };
        Manifest { description, jobs: Vec::new() }
    }

    fn handle(job: Job<Json>) -> Result<Json, Failure> {
        match job.name.as_str() {
            "talk" => talk::talk(job.parse()?.data),
            "send" => talk::send(job.parse()?.data),
            "pour" => talk::pour(job.parse()?.data),
            "drain" => talk::drain(job.parse()?.data),
            "hold" => many::hold(job.parse()?.data),
            "flood" => many::flood(job.parse()?.data),
            "keep" => kept::keep(job.parse()?.data),
            "kept" => kept::kept(),
            "wasi" => wasi::call(job.parse()?.data),
            other => Err(Failure::fatal(format!("there is no behaviour called `{other}`"))),
        }
    }
}

/// The failure of a job whose connection failed. It is retried, unless the error is permanent.
fn failure(error: TcpError) -> Failure {
    match error.is_permanent() {
        true => Failure::fatal(error.to_string()),
        false => Failure::retry(error.to_string()),
    }
}

/// Outside of a component, there is nothing to test.
#[cfg(not(target_arch = "wasm32"))]
mod wasi {
    use toril_plugin::{Failure, Json};

    pub fn call(_data: serde_json::Value) -> Result<Json, Failure> {
        Ok(Json::from(serde_json::Value::Null))
    }
}

toril_plugin::export!(Sockets);
