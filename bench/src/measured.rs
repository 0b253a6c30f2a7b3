//! All that was measured.

use crate::contender::Contender;
use crate::rounds::Measured;
use crate::scaling::Curve;
use crate::throughput::Comparison;
use crate::{latency, memory, turn};

/// Each part is empty where it was not asked for.
#[derive(Default)]
pub struct Measurements {
    /// Jobs a second.
    pub throughput: Vec<Comparison>,
    /// From adding to completion.
    pub latency: Vec<(Contender, Measured<latency::Figures>)>,
    /// At rest and at work.
    pub memory: Vec<(Contender, Measured<memory::Figures>)>,
    /// Milliseconds from the process to the first job's end.
    pub start: Vec<(Contender, Measured<f64>)>,
    /// Milliseconds from a new file to the first job's end.
    pub reload: Option<Measured<f64>>,
    /// Hundredths of a processor, with nothing to do.
    pub idle: Vec<(Contender, Measured<f64>)>,
    /// Jobs a second by queues.
    pub queues: Curve<turn::Figures>,
    /// Jobs a second by hosts.
    pub hosts: Curve<turn::Figures>,
    /// Jobs a second by masters of a cluster.
    pub shards: Curve<turn::Figures>,
    /// Bytes by jobs at once.
    pub pens: Curve<f64>,
}
