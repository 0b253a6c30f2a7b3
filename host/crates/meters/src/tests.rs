//! The list of metrics, compared with the manual and with the buckets.

use std::collections::BTreeSet;
use std::sync::Mutex;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use super::{buckets, describe};

const MANUAL: &str = include_str!("../../../../docs/metrics.md");
const GRAFANA: &str = include_str!("../../../../deploy/grafana-dashboard.json");

/// Records which metrics are described.
#[derive(Default)]
struct Described {
    all: Mutex<BTreeSet<String>>,
    histograms: Mutex<BTreeSet<String>>,
}

impl Described {
    fn add(&self, name: &KeyName) {
        self.all.lock().unwrap().insert(name.as_str().to_owned());
    }
}

impl Recorder for Described {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.add(&name);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.add(&name);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.add(&name);
        self.histograms.lock().unwrap().insert(name.as_str().to_owned());
    }

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

fn described() -> Described {
    let described = Described::default();
    metrics::with_local_recorder(&described, describe);
    described
}

#[test]
fn the_manual_has_a_row_for_every_metric() {
    let rows = MANUAL.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0));
    let rows: BTreeSet<_> = rows.filter(|name| !name.starts_with("process_")).map(str::to_owned).collect();
    assert_eq!(rows, *described().all.lock().unwrap());
}

/// `tests/metrics.rs` checks the names of all other metrics, with those that a host without a database exports.
#[test]
fn the_dashboard_of_grafana_uses_metrics_of_postgresql_that_exist() {
    let words = GRAFANA.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let names: BTreeSet<_> = words.filter(|word| word.starts_with("postgres_")).collect();
    let described = described();
    let known = described.all.lock().unwrap();
    let unknown: Vec<_> =
        names.iter().filter(|name| !known.contains(name.strip_suffix("_bucket").unwrap_or(name))).collect();
    assert!(names.len() == 4 && unknown.is_empty(), "{unknown:?} of {names:?}");
}

#[test]
fn every_histogram_has_its_buckets() {
    let with_buckets: BTreeSet<_> = buckets().iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(with_buckets, *described().histograms.lock().unwrap());
}
