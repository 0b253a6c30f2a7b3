//! Small charts of numbers over time, as SVG. Each chart also has a text with its content.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::text::{number, span};
use super::{QueueSample, text};
use toril_bullmq::admin::Minutes;

/// The number of minutes that a chart shows.
pub const MINUTES: usize = 60;
const HOUR: u64 = 60 * 60 * 1000;
/// The height of a chart, in its own units.
const HEIGHT: f64 = 100.0;

/// The text for a queue without metrics.
const NOT_COUNTED: &str = "nothing is counted: metrics are off, or no job has ended yet";

/// The jobs that finished in each minute, with the failed ones on top.
pub fn rate(minutes: &Minutes) -> Markup {
    let Minutes { completed, failed, counted } = minutes;
    let ended: Vec<u64> = completed.iter().zip(failed).map(|(completed, failed)| completed + failed).collect();
    let most = ended.iter().copied().max().unwrap_or(0);
    let (done, bad): (u64, u64) = (completed.iter().sum(), failed.iter().sum());
    let says = match counted {
        true => format!("{} completed and {} failed in the last hour", number(done), number(bad)),
        false => NOT_COUNTED.to_owned(),
    };
    let scale = HEIGHT / most.max(1) as f64;
    figure(
        "Jobs per minute",
        &says,
        &format!("most {}", number(most)),
        html! {
            @for (minute, (completed, failed)) in completed.iter().zip(failed).enumerate() {
                (bar("good", minute, 0.0, *completed as f64 * scale))
                (bar("bad", minute, *completed as f64 * scale, *failed as f64 * scale))
            }
        },
    )
}

/// The share of failed jobs among those that finished in each minute.
pub fn failures(minutes: &Minutes) -> Markup {
    let pairs = || minutes.completed.iter().zip(&minutes.failed);
    let ratio =
        |completed: u64, failed: u64| (completed + failed > 0).then(|| failed as f64 / (completed + failed) as f64);
    let ratios: Vec<_> = pairs().map(|(completed, failed)| ratio(*completed, *failed)).collect();
    let all = ratio(minutes.completed.iter().sum(), minutes.failed.iter().sum());
    let says = match all {
        _ if !minutes.counted => NOT_COUNTED.to_owned(),
        Some(all) => format!("{} of the jobs of the last hour failed", percent(all)),
        None => "no job ended in the last hour".to_owned(),
    };
    let most = ratios.iter().flatten().copied().fold(0.0, f64::max);
    figure(
        "Failure ratio",
        &says,
        &format!("most {}", percent(most)),
        html! {
            @for (minute, ratio) in ratios.iter().enumerate() {
                @if let Some(ratio) = ratio { (bar("bad", minute, 0.0, ratio * HEIGHT)) }
            }
        },
    )
}

/// How long the next job had waited, over time.
pub fn waits(samples: &[QueueSample], now: u64) -> Markup {
    let most = samples.iter().filter_map(|sample| sample.oldest_wait).max().unwrap_or(0);
    let says = match samples.last().map(|sample| sample.oldest_wait) {
        Some(Some(wait)) => format!("the job that is next has waited for {}", span(wait)),
        Some(None) => "no job waits".to_owned(),
        None => "nothing is known yet".to_owned(),
    };
    let points = samples.iter().map(|sample| (sample.at, sample.oldest_wait.unwrap_or(0)));
    figure("Waiting time", &says, &format!("most {}", span(most)), area(points, most, now))
}

/// The number of jobs that could be claimed, over time.
pub fn backlog(samples: &[QueueSample], now: u64) -> Markup {
    let most = samples.iter().map(|sample| sample.ready).max().unwrap_or(0);
    let says = match samples.last() {
        Some(sample) => format!("{} can be claimed", text::number(sample.ready)),
        None => "nothing is known yet".to_owned(),
    };
    let points = samples.iter().map(|sample| (sample.at, sample.ready));
    figure("Backlog", &says, &format!("most {}", number(most)), area(points, most, now))
}

fn percent(ratio: f64) -> String {
    match ratio {
        0.0 => "0 %".to_owned(),
        small if small < 0.1 => format!("{:.1} %", small * 100.0),
        ratio => format!("{:.0} %", ratio * 100.0),
    }
}

fn bar(class: &str, minute: usize, from: f64, height: f64) -> Markup {
    html! {
        @if height > 0.0 {
            rect class=(class) x=(minute as f64 + 0.1) y=(format!("{:.2}", HEIGHT - from - height)) width="0.8"
                height=(format!("{height:.2}")) {}
        }
    }
}

/// A line with a filled area below it, from samples of the last hour.
fn area(points: impl Iterator<Item = (u64, u64)>, most: u64, now: u64) -> Markup {
    let start = now.saturating_sub(HOUR);
    let scale = HEIGHT * 0.96 / most.max(1) as f64;
    let mut line = String::new();
    let mut ends = None;
    for (at, value) in points.filter(|(at, _)| *at >= start) {
        let x = (at - start) as f64 / HOUR as f64 * MINUTES as f64;
        let _ = write!(line, "{x:.2},{:.2} ", HEIGHT - value as f64 * scale);
        ends = Some(ends.map_or((x, x), |(first, _)| (first, x)));
    }
    html! {
        @if let Some((first, last)) = ends {
            polygon.area points={ (format!("{first:.2},{HEIGHT} ")) (line) (format!("{last:.2},{HEIGHT}")) } {}
            polyline.line points=(line) {}
        }
    }
}

fn figure(title: &str, says: &str, scale: &str, drawn: Markup) -> Markup {
    html! {
        figure {
            figcaption { span.what { (title) } " " span.note { (scale) } }
            svg viewBox={ "0 0 " (MINUTES) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label={ (title) ": " (says) } {
                (drawn)
            }
            p.scale aria-hidden="true" { span { "1 h ago" } span { "now" } }
            p.says { (says) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_part_of_the_most() {
        let minutes = Minutes { completed: vec![4, 2], failed: vec![0, 2], counted: true };
        let drawn = rate(&minutes).into_string();
        assert!(drawn.contains("y=\"0.00\" width=\"0.8\" height=\"100.00\""), "{drawn}");
        assert_eq!(drawn.matches("height=\"50.00\"").count(), 2, "{drawn}");
        assert!(drawn.contains("6 completed and 2 failed"), "{drawn}");
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let drawn = failures(&Minutes { completed: vec![0; 3], failed: vec![0; 3], counted: true }).into_string();
        assert!(!drawn.contains("<rect") && drawn.contains("no job ended"), "{drawn}");
        assert!(!waits(&[], 0).into_string().contains("<poly"));
    }

    #[test]
    fn the_chart_of_a_queue_without_metrics_says_that_there_are_none() {
        let minutes = Minutes { completed: vec![0; 3], failed: vec![0; 3], counted: false };
        for drawn in [rate(&minutes), failures(&minutes)] {
            assert!(drawn.into_string().contains("metrics are off, or no job has ended yet"));
        }
    }

    #[test]
    fn moments_before_the_last_hour_are_left_out() {
        let samples = [0, HOUR].map(|at| QueueSample { at, ready: 1, oldest_wait: Some(5) });
        let drawn = waits(&samples, HOUR + 1).into_string();
        assert!(drawn.contains("points=\"60.00,4.00 \""), "{drawn}");
    }
}
