//! Lines and columns of a text, and source lines that are displayed below a message.

use std::ops::Range;

use super::super::problem::{Place, Snippet};

/// A text with the positions of its lines.
pub(super) struct LineIndex<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> LineIndex<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// The byte range of the line that contains the byte `at`, without its line end.
    pub(super) fn around(&self, at: usize) -> Range<usize> {
        let number = self.number(at);
        let start = self.starts[number - 1];
        let end = match self.starts.get(number) {
            Some(next) => next - 1,
            None => self.text.len(),
        };
        let line = &self.text[start..end];
        start..start + line.strip_suffix('\r').unwrap_or(line).len()
    }

    /// The number of the line that contains the byte `at`, from 1.
    pub(super) fn number(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    /// Line and column of the byte `at`, without a snippet.
    pub(super) fn place(&self, at: usize) -> Place {
        // A syntax error at the end of the file may be one byte past it.
        let at = at.min(self.text.len());
        let line = self.number(at);
        let before = self.text.get(self.starts[line - 1]..at);
        Place { line, column: before.unwrap_or_default().chars().count() + 1, snippet: None }
    }

    /// The bytes `shown`, which must be on one line, with the part marked that `span` covers.
    pub(super) fn snippet(&self, shown: Range<usize>, span: &Range<usize>) -> Snippet {
        let start = span.start.clamp(shown.start, shown.end);
        let end = span.end.clamp(start, shown.end);
        let count = |range: Range<usize>| self.text.get(range).map_or(0, |text| text.chars().count());
        Snippet {
            text: printable(&self.text[shown.clone()]),
            offset: count(shown.start..start),
            width: count(start..end).max(1),
        }
    }
}

/// Replaces characters so that each takes one column. A tab would shift the mark, and control characters could change
/// the terminal.
fn printable(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_line_ends_belong_to_no_line() {
        let lines = LineIndex::new("ä = 1\r\nbé = 2\n");
        let at = |at| (lines.place(at).line, lines.place(at).column);
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(3), (1, 3));
        assert_eq!(at(8), (2, 1));
        assert_eq!(at(12), (2, 4));
        assert_eq!(at(99), (3, 1));
        assert_eq!(lines.around(3), 0..6);
        assert_eq!(lines.around(9), 8..15);
        assert_eq!(lines.around(16), 16..16);
    }

    #[test]
    fn a_mark_ends_with_its_line() {
        let lines = LineIndex::new("a\t= \"\"\"x\ny\"\"\"");
        let snippet = lines.snippet(0..8, &(4..13));
        assert_eq!(snippet.text, "a = \"\"\"x");
        assert_eq!((snippet.offset, snippet.width), (4, 4));
    }
}
