//! The command line.

use std::path::PathBuf;

use crate::contender::{
    ALL, CHILDREN, COMPUTING_JS, Contender, DATABASE, DATABASE_JS, DATABASE_NODE, NATIVE, NODE, TORIL, TORIL_JS,
};
use crate::throughput::Case;
use crate::workload::Workload;

/// A part of the measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Jobs per second
    Throughput,
    /// Computation in TypeScript
    Compute,
    /// Building a TypeScript plugin: time, size, and time from an edit to the first job on it
    Build,
    /// One insert into PostgreSQL for each job
    Database,
    /// Time from adding a job to its completion
    Latency,
    /// Memory, idle and with 100 running jobs
    Memory,
    /// Time to the first job, and a plugin's reload
    Start,
    /// Processor use of an idle worker
    Idle,
    /// Curves by queues, hosts, masters of a cluster and running jobs
    Scaling,
}

#[derive(clap::Args)]
pub struct Options {
    /// Only the no-op jobs that have a target, with the contenders that have one
    #[arg(long)]
    short: bool,
    /// Only this contender; several are allowed
    #[arg(long, value_name = "CONTENDER", value_parser = Contender::named)]
    only: Vec<Contender>,
    /// Only the throughput comparisons of this workload; several are allowed
    #[arg(long, value_name = "WORKLOAD")]
    workload: Vec<Workload>,
    /// Only this part; several are allowed
    #[arg(long)]
    part: Vec<Part>,
    /// Number of turns of each contender
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Maximum number of jobs in a turn
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..))]
    jobs: u32,
    /// Write performance.md and its pictures to this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

impl Options {
    /// Whether this part is requested.
    pub fn wants(&self, part: Part) -> bool {
        if !self.part.is_empty() {
            return self.part.contains(&part);
        }
        match part {
            // `--workload` and `--short` are about throughput only.
            Part::Throughput => true,
            Part::Compute => !self.short,
            _ => !self.short && self.workload.is_empty(),
        }
    }

    /// The contenders to compare.
    pub fn contenders(&self) -> Vec<Contender> {
        let with_bars = [TORIL_JS, TORIL, NODE, NATIVE, CHILDREN];
        let is_asked_for = |one: &&Contender| {
            if self.only.is_empty() { !self.short || with_bars.contains(one) } else { self.only.contains(one) }
        };
        ALL.iter().filter(is_asked_for).copied().collect()
    }

    /// The throughput comparisons.
    pub fn cases(&self) -> Vec<Case> {
        let is_asked_for = |case: &Case| {
            (self.workload.is_empty() || self.workload.contains(&case.workload))
                && (!self.short || *case == Case::WITH_TARGETS)
        };
        Case::ALL.into_iter().filter(is_asked_for).collect()
    }

    /// The comparisons of computation, and who takes part in them.
    pub fn computing(&self) -> (Vec<Case>, Vec<Contender>) {
        let is_asked_for = |case: &Case| self.workload.is_empty() || self.workload.contains(&case.workload);
        let able = [TORIL_JS, TORIL, NODE, CHILDREN];
        let contenders = self.contenders().into_iter().filter(|one| able.contains(one));
        let contenders = contenders.map(|one| if one == TORIL_JS { COMPUTING_JS } else { one }).collect();
        (Case::COMPUTE.into_iter().filter(is_asked_for).collect(), contenders)
    }

    /// The contenders whose jobs insert rows into PostgreSQL.
    pub fn with_database(&self) -> Vec<Contender> {
        let with_database = |one| match one {
            TORIL_JS => Some(DATABASE_JS),
            TORIL => Some(DATABASE),
            NODE => Some(DATABASE_NODE),
            _ => None,
        };
        self.contenders().into_iter().filter_map(with_database).collect()
    }

    /// Turns of each contender.
    pub fn rounds(&self) -> usize {
        self.rounds.into()
    }

    /// Turns of each point of a curve, whose neighbours show an outlier, and of each computation, which varies little.
    pub fn curve_rounds(&self) -> usize {
        self.rounds().min(3)
    }

    /// Maximum number of jobs in a turn.
    pub fn jobs(&self) -> usize {
        self.jobs as usize
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn options(line: &str) -> Options {
        Line::parse_from(["bench"].into_iter().chain(line.split_whitespace())).options
    }

    #[test]
    fn without_options_everything_is_measured() {
        let all = options("");
        assert!(all.wants(Part::Scaling) && all.wants(Part::Throughput));
        assert_eq!((all.contenders(), all.cases()), (ALL.to_vec(), Case::ALL.to_vec()));
    }

    #[test]
    fn the_short_form_is_the_comparison_that_has_targets() {
        let short = options("--short");
        assert!(short.wants(Part::Throughput) && !short.wants(Part::Latency));
        assert_eq!(
            (short.contenders(), short.cases()),
            (vec![TORIL_JS, TORIL, NODE, NATIVE, CHILDREN], vec![Case::WITH_TARGETS])
        );
    }

    #[test]
    fn a_workload_that_computes_is_measured_by_those_that_have_it() {
        let (cases, contenders) = options("--workload csv").computing();
        assert_eq!((cases.len(), contenders), (1, vec![COMPUTING_JS, TORIL, NODE, CHILDREN]));
        assert!(options("--workload csv").wants(Part::Compute) && options("--workload csv").cases().is_empty());
    }

    #[test]
    fn inserts_are_measured_by_those_that_have_a_client() {
        assert_eq!(options("").with_database(), [DATABASE_JS, DATABASE, DATABASE_NODE]);
        assert_eq!(options("--only node --only native").with_database(), [DATABASE_NODE]);
    }

    #[test]
    fn a_part_can_be_measured_alone() {
        let part = options("--only node --only toril --workload http");
        assert_eq!(part.contenders(), [TORIL, NODE]);
        assert!(part.cases().iter().all(|case| case.workload == Workload::Http) && !part.wants(Part::Memory));
        assert!(options("--part memory").wants(Part::Memory));
        assert!(Line::try_parse_from(["bench", "--only", "sidekiq"]).is_err());
    }
}
