//! Its `describe` never returns, so this version must not take over.

use toril_plugin::{Failure, Job, Json, Manifest, RawPlugin};

struct SpinDescribe;

impl RawPlugin for SpinDescribe {
    fn describe() -> Manifest {
        let mut turns = 0_u64;
        loop {
            turns = std::hint::black_box(turns.wrapping_add(1));
        }
    }

    fn handle(_job: Job<Json>) -> Result<Json, Failure> {
        Ok(Json::from_text("null"))
    }
}

toril_plugin::export!(SpinDescribe);
