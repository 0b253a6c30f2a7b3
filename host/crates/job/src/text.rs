//! Makes text that plugins and servers control safe to put into messages and logs.

/// Maximum length of foreign text within a line of the host's own, in bytes.
const LINE: usize = 2 * 1024;

/// Truncates a text to at most `limit` bytes, at a character boundary.
pub fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Turns foreign text into a part of one line and escapes control characters, which a terminal could interpret.
pub fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split_ascii_whitespace().collect();
    let line = words.join(" ");
    let plain: String =
        line.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect();
    cut(plain, LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(cut("häuser".into(), 2), "h…");
        assert_eq!(cut("haus".into(), 4), "haus");
    }

    #[test]
    fn foreign_text_becomes_one_line_without_control_characters() {
        assert_eq!(one_line("a\n  b\u{1b}[31m"), "a b\\u{1b}[31m");
    }
}
