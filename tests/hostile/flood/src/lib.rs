//! Floods the host in many ways. The job's name selects what `handle` does, and the job's data is a number that says
//! how much. Settings of the same names select what `describe` does and what happens while an instance starts.

mod manifests;
#[cfg(target_arch = "wasm32")]
mod start_up;
#[cfg(target_arch = "wasm32")]
mod wasi;

use std::time::Duration;

use toril_plugin::jobs::Add;
use toril_plugin::{Failure, Job, Json, Manifest, RawPlugin, clock, context, log, progress};

/// Terminal escape sequences: red text, clear screen, another title.
const ORDERS: &str = "\u{1b}[31m\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m";

struct Flood;

impl RawPlugin for Flood {
    fn describe() -> Manifest {
        #[cfg(target_arch = "wasm32")]
        if setting("describe") == "bodies" {
            wasi::bodies(usize::MAX);
        }
        manifests::described(&setting("describe"))
    }

    fn handle(job: Job<Json>) -> Result<Json, Failure> {
        if job.name == "echo" {
            return Ok(job.data);
        }
        let amount = job.data.parse::<usize>().map_err(|_| Failure::fatal("the data is not a number"))?;
        match job.name.as_str() {
            "host-calls" => loop {
                let _ = context::remaining();
            },
            "lines" => (0..amount).for_each(log::info),
            "line" => log::info("x".repeat(amount)),
            "progress" => loop {
                progress::set("x".repeat(amount))?;
            },
            "result" => return Ok(Json::from_text(format!("\"{}\"", "x".repeat(amount)))),
            "nested" => return Ok(Json::from_text("[".repeat(amount) + &"]".repeat(amount))),
            "no-json" => return Ok(Json::from_text("{\"half\": ")),
            "reason" => return Err(Failure::fatal("x".repeat(amount))),
            "defer" => return Err(Failure::Defer(Duration::MAX)),
            "rate-limited" => return Err(Failure::RateLimited(Duration::MAX)),
            "sleep" => clock::sleep(Duration::MAX),
            "add" => {
                Add::new("hostile", "any", &0).delay(Duration::MAX).send()?;
            }
            "orders" => {
                log::info(ORDERS);
                return Err(Failure::fatal(format!("before{ORDERS}after")));
            }
            #[cfg(target_arch = "wasm32")]
            other => wasi::flood(other, amount)?,
            #[cfg(not(target_arch = "wasm32"))]
            other => return Err(Failure::fatal(format!("there is no flood called {other:?}"))),
        }
        Ok(Json::from_text("null"))
    }
}

fn setting(name: &str) -> String {
    toril_plugin::config::get(name).ok().flatten().unwrap_or_default()
}

toril_plugin::export!(Flood);
