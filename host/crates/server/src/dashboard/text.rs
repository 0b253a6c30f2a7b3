//! Formats values for pages. Everything that comes from a job goes through [`shown`]. The template engine escapes
//! markup; this module also makes characters visible that would change the text around them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::segment::escape;
pub use toril_bullmq::now;
use toril_job::{JobId, QueueName};

/// The size in bytes at which a text is cut.
const LONGEST: usize = 64 * 1024;
/// The last second for which a date is shown: the end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A path with these segments, which may contain any characters.
pub fn path(segments: &[&str]) -> String {
    segments.iter().flat_map(|segment| ["/".to_owned(), encoded(&escape(segment))]).collect()
}

/// The path of a queue's page.
pub fn queue_path(queue: &QueueName) -> String {
    path(&["queues", queue.as_str()])
}

/// The path of a job's page.
pub fn job_path(queue: &QueueName, id: &JobId) -> String {
    path(&["queues", queue.as_str(), "jobs", id.as_str()])
}

/// A percent-encoded value for a query string.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// Whether a character is invisible, or changes how other characters are displayed.
fn is_hidden(c: char) -> bool {
    let invisible = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    (c.is_control() && !matches!(c, '\n' | '\t')) || invisible
}

/// Any text, with hidden characters made visible, and isolated in its own text direction.
pub fn shown(text: impl AsRef<str>) -> Markup {
    let (text, cut) = cut(text.as_ref());
    html! {
        bdi {
            @for (hidden, part) in parts(text) {
                @if hidden { span.hidden-character { (plain(part)) } } @else { (part) }
            }
        }
        @if cut > 0 { span.note { " … and " (number(cut as u64)) " bytes more" } }
    }
}

/// The same without markup, for titles.
pub fn plain(text: &str) -> String {
    text.chars().fold(String::new(), |mut plain, c| {
        match is_hidden(c) {
            true => plain += &format!("\\u{{{:x}}}", u32::from(c)),
            false => plain.push(c),
        }
        plain
    })
}

fn cut(text: &str) -> (&str, usize) {
    if text.len() <= LONGEST {
        return (text, 0);
    }
    let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    (&text[..end], text.len() - end)
}

/// Splits the text into parts that are either hidden or visible.
fn parts(text: &str) -> Vec<(bool, &str)> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut hidden = false;
    for (place, c) in text.char_indices() {
        if is_hidden(c) != hidden {
            if place > start {
                parts.push((hidden, &text[start..place]));
            }
            (start, hidden) = (place, !hidden);
        }
    }
    if start < text.len() {
        parts.push((hidden, &text[start..]));
    }
    parts
}

/// Indented JSON.
pub fn json(value: &Value) -> Markup {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    html! { pre tabindex="0" { code { (shown(&text)) } } }
}

/// A number with its digits in groups of three.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number and a noun, as in `1 job` and `2 jobs`.
pub fn count(many: u64, one: &str) -> String {
    format!("{} {one}{}", number(many), if many == 1 { "" } else { "s" })
}

/// A duration in milliseconds, shown in its two largest units.
pub fn span(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let two = |large: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {small_unit}"),
    };
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..10 => format!("{}.{} s", seconds, milliseconds % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, "min", seconds % 60, "s"),
        3600..86_400 => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

/// A time in milliseconds since the Unix epoch, shown as a date and relative to now.
pub fn moment(at: u64) -> Markup {
    let Some(date) = date(at) else { return html! { (number(at)) " ms" } };
    html! { time datetime=(date) { (date.replace('T', " ").replace('Z', " UTC")) } " " span.note { "(" (distance(at)) ")" } }
}

/// A time, shown relative to now.
pub fn ago(at: u64) -> Markup {
    let Some(date) = date(at) else { return html! { (number(at)) " ms" } };
    html! { time datetime=(date) { (distance(at)) } }
}

fn distance(at: u64) -> String {
    let now = now();
    match now >= at {
        true => format!("{} ago", span(now - at)),
        false => format!("in {}", span(at - now)),
    }
}

fn date(at: u64) -> Option<String> {
    let seconds = at / 1000;
    let time = (seconds <= LAST_SECOND).then(|| UNIX_EPOCH + Duration::from_secs(seconds))?;
    Some(humantime::format_rfc3339_seconds(time).to_string())
}

/// A time in milliseconds since the Unix epoch.
pub fn millis(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_made_visible_and_markup_is_text() {
        let markup = shown("a\u{202e}<b>\u{1b}[31m\"").into_string();
        assert_eq!(
            markup,
            "<bdi>a<span class=\"hidden-character\">\\u{202e}</span>&lt;b&gt;<span class=\"hidden-character\">\\u{1b}</span>[31m&quot;</bdi>"
        );
        assert_eq!(plain("a\u{7}\nb"), "a\\u{7}\nb");
    }

    #[test]
    fn any_id_is_one_segment_of_a_path() {
        assert_eq!(
            job_path(&QueueName::new("q").unwrap(), &"a/b?c#d<é".into()),
            "/queues/q/jobs/a%2Fb%3Fc%23d%3C%C3%A9"
        );
    }

    #[test]
    fn spans_have_two_units() {
        let spans = [7, 1_500, 59_999, 60_000, 3_725_000, 90_000_000].map(span);
        assert_eq!(spans, ["7 ms", "1.5 s", "59 s", "1 min", "1 h 2 min", "1 d 1 h"]);
    }

    #[test]
    fn a_moment_that_no_calendar_has_is_a_number() {
        assert!(moment(u64::MAX).into_string().contains("ms"));
        assert!(moment(0).into_string().contains("1970-01-01 00:00:00 UTC"));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let markup = shown("é".repeat(LONGEST)).into_string();
        assert!(markup.contains("bytes more") && markup.len() < LONGEST + 200);
    }
}
