//! All measurements.

use crate::contender::Contender;
use crate::rounds::Measured;
use crate::scaling::Curve;
use crate::throughput::Comparison;
use crate::{build, database, latency, memory, turn};

/// A part that was not requested is empty.
#[derive(Default)]
pub struct Measurements {
    /// Jobs per second.
    pub throughput: Vec<Comparison>,
    /// Computation in TypeScript.
    pub compute: Vec<Comparison>,
    /// Inserts into PostgreSQL.
    pub database: Option<database::Comparison>,
    /// Building a plugin in TypeScript.
    pub build: Option<build::Figures>,
    /// Time from adding a job to its completion.
    pub latency: Vec<(Contender, Measured<latency::Figures>)>,
    /// Memory, idle and with running jobs.
    pub memory: Vec<(Contender, Measured<memory::Figures>)>,
    /// Milliseconds from starting the process to the end of the first job.
    pub start: Vec<(Contender, Measured<f64>)>,
    /// Milliseconds from a new file to the end of the first job on it.
    pub reload: Option<Measured<f64>>,
    /// Percentage of a processor when idle.
    pub idle: Vec<(Contender, Measured<f64>)>,
    /// Jobs per second by number of queues.
    pub queues: Curve<turn::Figures>,
    /// Jobs per second by number of hosts.
    pub hosts: Curve<turn::Figures>,
    /// Jobs per second by number of masters of a cluster.
    pub shards: Curve<turn::Figures>,
    /// Bytes by number of running jobs.
    pub pens: Curve<f64>,
}
