//! Never returns, whatever the job.

use toril_plugin::{Failure, Job, Json, Manifest, RawPlugin};

struct Spin;

impl RawPlugin for Spin {
    fn describe() -> Manifest {
        Manifest { description: "Spins for ever.".into(), jobs: Vec::new() }
    }

    fn handle(_job: Job<Json>) -> Result<Json, Failure> {
        let mut turns = 0_u64;
        loop {
            turns = std::hint::black_box(turns.wrapping_add(1));
        }
    }
}

toril_plugin::export!(Spin);
