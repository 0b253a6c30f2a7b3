//! Takes memory without end, or stack if the job is called `recurse`.

use std::hint::black_box;

use toril_plugin::{Failure, Job, Json, Manifest, RawPlugin};

/// How much is taken at once, in bytes.
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
            // Other than zero, so that every page is touched.
            blocks.push(black_box(vec![1_u8; BLOCK]));
        }
    }
}

/// Each level has a frame of its own: the sum after the call keeps it from becoming a loop.
#[allow(unconditional_recursion, reason = "it is what this plugin is for")]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    recurse(depth.wrapping_add(1)).wrapping_add(black_box(frame)[0])
}

toril_plugin::export!(Allocate);
