//! Accepts data of every type that a form has fields for, and returns it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toril_plugin::{Failure, Job, Jobs, Plugin};

/// A parcel.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parcel {
    /// Who gets it.
    to: Address,
    /// How fast it goes.
    speed: Speed,
    /// In kilograms.
    weight: f64,
    #[serde(default = "one")]
    pieces: u8,
    /// Whether someone has to be at home.
    signature: Option<bool>,
    sender: Option<Address>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Address {
    name: String,
    street: Option<String>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Speed {
    Slow,
    Fast,
}

fn one() -> u8 {
    1
}

struct Forms;

impl Plugin for Forms {
    const DESCRIPTION: &'static str = "Sends parcels.";

    fn jobs() -> Jobs {
        Jobs::new().on("send", "Sends one parcel.", send).on("weigh", "Weighs one parcel.", weigh)
    }
}

fn send(job: Job<Parcel>) -> Result<Parcel, Failure> {
    Ok(job.data)
}

fn weigh(job: Job<Parcel>) -> Result<f64, Failure> {
    Ok(job.data.weight)
}

toril_plugin::export!(Forms);
