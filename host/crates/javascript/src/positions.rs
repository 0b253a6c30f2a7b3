//! Turns a source map into the table that the engine reads when it shows a stack. `sdk/js/engine/src/positions.rs`
//! describes the format. The table is small: frames of the SDK are not shown, and most lines of packages are in the bundle as
//! they were, only indented. Only the author's own files have an entry for each segment of the map.

use serde::Deserialize;

use crate::BuildError;

/// Sources whose frames are not shown begin so.
const INTERNAL: &str = "toril:";
/// Runs in a block. The engine reads one block for each frame of a stack.
const BLOCK: usize = 64;

/// The fields of a source map, version 3, that are used.
#[derive(Deserialize)]
struct SourceMap {
    sources: Vec<Option<String>>,
    mappings: String,
}

/// A place in the bundle, and where it comes from. Source 0 is none.
#[derive(Clone, Copy, Default)]
struct Segment {
    line: u32,
    column: i64,
    source: i64,
    source_line: i64,
    source_column: i64,
}

impl Segment {
    fn shift(&self) -> i64 {
        self.source_column - self.column
    }

    /// Whether the place follows from that of an earlier segment.
    fn continues(&self, run: &Self) -> bool {
        let lines = i64::from(self.line - run.line);
        self.source == run.source && self.source_line == run.source_line + lines && self.shift() == run.shift()
    }

    /// Whether neither place is shown.
    fn is_hidden_like(&self, run: &Self, sources: &[Option<String>]) -> bool {
        let is_hidden = |source: i64| {
            let index = usize::try_from(source - 1).ok();
            index.and_then(|index| sources.get(index)?.as_deref()).is_none_or(|name| name.starts_with(INTERNAL))
        };
        is_hidden(self.source) && is_hidden(run.source)
    }
}

/// The table for a bundle of that name.
pub fn table(bundle: &str, map: &str) -> Result<Vec<u8>, BuildError> {
    let unreadable = |reason: String| BuildError::SourceMap(reason);
    let SourceMap { sources, mappings } = serde_json::from_str(map).map_err(|error| unreadable(error.to_string()))?;
    let runs = runs(&mappings, &sources).ok_or_else(|| unreadable("its mappings are not valid".into()))?;
    let names = [bundle].into_iter().chain(sources.iter().map(|name| name.as_deref().unwrap_or_default()));
    let (mut ends, mut text) = (Vec::new(), String::new());
    for name in names {
        text.push_str(name);
        ends.extend(word(text.len())?);
    }
    let (mut blocks, mut bytes) = (Vec::new(), Vec::new());
    for block in runs.chunks(BLOCK) {
        let first = block.first().copied().unwrap_or_default();
        blocks.extend(
            [first.line, u32::try_from(first.column).unwrap_or(u32::MAX)].into_iter().flat_map(u32::to_le_bytes),
        );
        blocks.extend(word(bytes.len())?);
        write(block, &mut bytes);
    }
    let counts = [word(blocks.len() / 12)?, word(ends.len() / 4)?, word(text.len())?];
    Ok([counts.as_flattened(), &blocks, &ends, text.as_bytes(), &bytes].concat())
}

fn word(number: usize) -> Result<[u8; 4], BuildError> {
    u32::try_from(number).map(u32::to_le_bytes).map_err(BuildError::engine)
}

fn write(block: &[Segment], bytes: &mut Vec<u8>) {
    let mut before = Segment::default();
    for run in block {
        let column = if run.line == before.line { run.column - before.column } else { run.column };
        varint(i64::from(run.line - before.line), bytes);
        varint(column, bytes);
        signed(run.source - before.source, bytes);
        signed(run.source_line - before.source_line, bytes);
        signed(run.shift(), bytes);
        before = *run;
    }
}

fn varint(number: i64, bytes: &mut Vec<u8>) {
    let mut rest = number.cast_unsigned();
    while rest > 0x7f {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

fn signed(number: i64, bytes: &mut Vec<u8>) {
    varint(if number < 0 { ((-number - 1) << 1) | 1 } else { number << 1 }, bytes);
}

/// The segments of `mappings` that the engine needs. `None` if the text is not valid.
fn runs(mappings: &str, sources: &[Option<String>]) -> Option<Vec<Segment>> {
    let is_package = |source: i64| {
        let index = usize::try_from(source - 1).ok();
        index.and_then(|index| sources.get(index)?.as_deref()).is_some_and(reader::is_package)
    };
    let mut runs: Vec<Segment> = Vec::new();
    let mut at = Segment::default();
    // Fields of a segment without a source keep their values for the next one.
    let mut last_source = 0;
    for (line, segments) in mappings.split(';').enumerate() {
        at.line = u32::try_from(line).ok()?;
        at.column = 0;
        for segment in segments.split(',').filter(|segment| !segment.is_empty()) {
            let fields = vlq(segment)?;
            at.column = at.column.checked_add(*fields.first()?).filter(|column| *column >= 0)?;
            if let [_, source, source_line, source_column, ..] = fields.as_slice() {
                last_source += source;
                at.source = last_source + 1;
                at.source_line += source_line;
                at.source_column += source_column;
            } else {
                at.source = 0;
            }
            let is_known = runs
                .last()
                .is_some_and(|run| at.is_hidden_like(run, sources) || (is_package(at.source) && at.continues(run)));
            if !is_known {
                runs.push(at);
            }
        }
    }
    Some(runs)
}

/// The numbers of a segment: Base64 digits of 5 bits, the lowest first, where a sixth bit says that another digit follows.
fn vlq(segment: &str) -> Option<Vec<i64>> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut numbers, mut value, mut shift) = (Vec::new(), 0_i64, 0);
    for byte in segment.bytes() {
        let digit = i64::try_from(DIGITS.iter().position(|digit| *digit == byte)?).ok()?;
        value |= (digit & 31) << shift;
        if digit & 32 == 0 {
            numbers.push(if value & 1 == 1 { -(value >> 1) } else { value >> 1 });
            (value, shift) = (0, 0);
        } else {
            shift += 5;
            // Lines and columns have 32 bits.
            if shift > 35 {
                return None;
            }
        }
    }
    (shift == 0).then_some(numbers)
}

/// The engine's half.
#[cfg_attr(not(test), allow(dead_code, reason = "tests read tables with it"))]
#[path = "../../../../sdk/js/engine/src/positions.rs"]
mod reader;

#[cfg(test)]
mod tests {
    use super::reader::{Place, Positions};
    use super::*;

    const PACKAGE: &str = "node_modules/a/a.js";

    /// The table for a map with three sources.
    fn table_of(mappings: &str) -> Vec<u8> {
        let sources = r#"["node_modules/a/a.js","b.ts","toril:sdk"]"#;
        let map = format!(r#"{{"version":3,"sources":{sources},"names":[],"mappings":"{mappings}"}}"#);
        table("bundle.js", &map).expect("a valid map")
    }

    fn place(mappings: &str, line: u32, column: u32) -> Option<(String, u32, u32)> {
        let table = table_of(mappings);
        let positions = Positions::of(&table).expect("a valid table");
        positions.place(line, column).map(|Place { source, line, column }| (source.to_owned(), line, column))
    }

    #[test]
    fn a_position_in_the_authors_files_is_that_of_its_segment() {
        // Line 1, column 2 is line 5, column 4 of a.js; from column 10 on it is line 0, column 0 of b.ts.
        let mappings = ";EAKI,QCLJ";
        assert_eq!(place(mappings, 0, 7), None);
        assert_eq!(place(mappings, 1, 1), None);
        assert_eq!(place(mappings, 1, 12), Some(("b.ts".into(), 0, 0)));
    }

    #[test]
    fn a_position_in_a_package_is_counted_from_its_segment() {
        assert_eq!(place(";EAKI,QCLJ", 1, 5), Some((PACKAGE.into(), 5, 7)));
    }

    #[test]
    fn code_without_a_source_has_no_place() {
        assert_eq!(place("AAAA,K", 0, 6), None);
        assert_eq!(place("AAAA,K", 0, 4), Some((PACKAGE.into(), 0, 4)));
    }

    #[test]
    fn lines_of_a_package_that_are_copied_take_one_run() {
        let copied = vec!["AACA"; 10_000].join(";");
        assert!(table_of(&copied).len() < 150);
        assert_eq!(place(&copied, 9_999, 3), Some((PACKAGE.into(), 10_000, 3)));
    }

    #[test]
    fn what_is_not_shown_takes_one_run() {
        // The third source, with lines in any order.
        let hidden = format!("AEAA;{}", vec!["AAgBC"; 1_000].join(";"));
        assert!(table_of(&hidden).len() < 150);
        assert_eq!(place(&hidden, 500, 0).map(|(source, ..)| source), Some("toril:sdk".into()));
    }

    #[test]
    fn positions_are_found_in_every_block() {
        // Each line is two lines below the one before, and one column further to the right.
        let mappings = vec!["AAEC"; 1_000].join(";");
        for line in [0, 1, 63, 64, 65, 500, 999] {
            assert_eq!(place(&mappings, line, 0), Some((PACKAGE.into(), 2 * line + 2, line + 1)));
        }
    }

    #[test]
    fn mappings_that_are_not_valid_are_refused() {
        for mappings in ["A!", "AAAg", "D", "gggggggggggA"] {
            let map = format!(r#"{{"version":3,"sources":["a.ts"],"mappings":"{mappings}"}}"#);
            assert!(table("bundle.js", &map).is_err(), "{mappings}");
        }
    }

    #[test]
    fn the_bundle_is_source_0() {
        let table = table_of("AAAA");
        let positions = Positions::of(&table).expect("a valid table");
        assert_eq!((positions.source(0), positions.source(2)), (Some("bundle.js"), Some("b.ts")));
    }

    #[test]
    fn a_table_that_is_cut_off_has_no_wrong_place() {
        let table = table_of(";EAKI,QCLJ");
        for length in 0..table.len() {
            let read = table.get(..length).and_then(Positions::of).and_then(|positions| positions.place(1, 12));
            assert!(read.is_none_or(|place| place.source == PACKAGE), "{length}");
        }
    }
}
