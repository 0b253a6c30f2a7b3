//! The recorder that shows the numbers of [`toril_meters`] to Prometheus.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use metrics_util::MetricKindMask;

/// How often the host counts the jobs in its queues, and asks Redis for a sign of life.
pub const LOOK: Duration = Duration::from_secs(15);
/// A gauge that was not set for so long is left out: its queue or version is gone.
const GONE: Duration = Duration::from_secs(50);

/// This process's own recorder, where it has one.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Records from now on what [`render`] shows. The error says that this process has another recorder already, or what is
/// wrong with this one.
pub fn start() -> Result<(), String> {
    let mut builder = PrometheusBuilder::new().idle_timeout(MetricKindMask::GAUGE, Some(GONE));
    for (name, bounds) in toril_meters::buckets() {
        let name = Matcher::Full(name.to_owned());
        builder = builder.set_buckets_for_metric(name, bounds).map_err(|error| error.to_string())?;
    }
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| error.to_string())?;
    let _only_set_here = RECORDER.set(handle);
    toril_meters::describe();
    Collector::default().describe();
    Ok(())
}

/// Everything that was recorded, in Prometheus's text format. None: this process has no recorder of Toril's.
pub fn render() -> Option<String> {
    let handle = RECORDER.get()?;
    // Process metrics are as old as the question.
    Collector::default().collect();
    Some(handle.render())
}

/// Gives room back that histograms of the past take. To be called now and then.
pub fn upkeep() {
    if let Some(handle) = RECORDER.get() {
        handle.run_upkeep();
    }
}
