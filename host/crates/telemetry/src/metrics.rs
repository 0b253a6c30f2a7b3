//! The recorder that exports the metrics of [`toril_meters`] to Prometheus.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use metrics_util::MetricKindMask;

/// The interval at which the host counts the jobs in its queues and pings Redis.
pub const LOOK: Duration = Duration::from_secs(15);
/// A gauge that was not set for this long is no longer exported, because its queue or version is gone.
const GONE: Duration = Duration::from_secs(50);

/// The recorder of this process, if Toril installed one.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Installs the recorder for [`render`]. The error says that this process already has another recorder, or what is
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

/// All metrics in Prometheus's text format. None: this process has no recorder of Toril.
pub fn render() -> Option<String> {
    let handle = RECORDER.get()?;
    // Process metrics are collected at the time of the request.
    Collector::default().collect();
    Some(handle.render())
}

/// Frees memory of old histogram data. Call this periodically.
pub fn upkeep() {
    if let Some(handle) = RECORDER.get() {
        handle.run_upkeep();
    }
}
