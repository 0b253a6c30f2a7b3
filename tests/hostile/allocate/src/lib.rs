//! Allocates memory endlessly, or recurses endlessly if the job is called `recurse`.

use std::hint::black_box;

use toril_plugin::{Failure, Job, Json, Manifest, RawPlugin};

/// Bytes of one allocation.
const BLOCK: usize = 1024 * 1024;

struct Allocate;

impl RawPlugin for Allocate {
    fn describe() -> Manifest {
        Manifest { description: "Takes more than it may have.".into(), jobs: Vec::new() }
    }

    fn handle(job: Job<Json>) -> Result<Json, Failure> {
        if job.name == "recurse" {
            return Ok(Json::from_text(recurse(0).to_string()));
        }
        let mut blocks = Vec::new();
        loop {
            // Not zero, so that every page is touched.
            blocks.push(black_box(vec![1_u8; BLOCK]));
        }
    }
}

/// The addition after the call prevents that the compiler makes a loop of the recursion.
#[allow(unconditional_recursion, reason = "it is what this plugin is for")]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    recurse(depth.wrapping_add(1)).wrapping_add(black_box(frame)[0])
}

toril_plugin::export!(Allocate);
