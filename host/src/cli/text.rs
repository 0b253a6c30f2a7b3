//! Prepares untrusted text, such as a job's name, for a terminal: it must not move the cursor or change colours.

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

/// The text on one line, with control characters escaped.
pub fn line(text: impl AsRef<str>) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().collect() } else { vec![c] };
    text.as_ref().chars().flat_map(escaped).collect()
}

/// The text on one line, shortened to `length` characters.
pub fn short(text: impl AsRef<str>, length: usize) -> String {
    let line = line(text);
    if line.chars().count() <= length {
        return line;
    }
    let mut short: String = line.chars().take(length.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// A JSON document on several lines.
pub fn document(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string());
    plain(&text).into_owned()
}

/// The text with its line breaks. Other control characters are escaped as in JSON, which itself leaves C1 controls
/// unchanged.
pub fn plain(text: &str) -> Cow<'_, str> {
    let control = |c: char| c.is_control() && c != '\n';
    if !text.contains(control) {
        return text.into();
    }
    text.chars().map(|c| if control(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }).collect()
}

/// A time in milliseconds since the Unix epoch, formatted for people.
pub fn time(milliseconds: u64) -> String {
    match UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds)) {
        // The formatter panics beyond the year 9999.
        Some(time) if time < UNIX_EPOCH + Duration::from_secs(253_402_300_800) => {
            humantime::format_rfc3339_seconds(time).to_string()
        }
        _ => milliseconds.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(line("a\u{1b}[31mb\nc\u{9b}"), "a\\u{1b}[31mb\\nc\\u{9b}");
        assert!(!document(&"\u{9b}31m").contains('\u{9b}'));
        assert_eq!(plain("a\u{1b}[31m\nb"), "a\\u001b[31m\nb");
        assert_eq!(short("abcdef", 4), "abc…");
    }

    #[test]
    fn times_of_no_calendar_are_numbers() {
        assert_eq!(time(0), "1970-01-01T00:00:00Z");
        assert_eq!(time(u64::MAX), u64::MAX.to_string());
    }
}
