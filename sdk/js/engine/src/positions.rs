//! A compact source map: where a position in a bundle comes from. The builder writes the table
//! (`host/crates/javascript/src/positions.rs`), the engine reads it in place. This file has no dependency, because the
//! builder's tests read their tables with it.
//!
//! All numbers are little-endian and of 32 bits, except those in `runs`. Lines and columns start at 0.
//!
//! | part | content |
//! | --- | --- |
//! | counts | the numbers of blocks, of sources, and of bytes of names |
//! | blocks | for each: line and column of its first run in the bundle, and the offset of its runs |
//! | sources | for each: the offset of the end of its name. Source 0 is the bundle itself: code without a source |
//! | names | the names of the sources |
//! | runs | the runs of all blocks, as varints |
//!
//! A run is a piece of the bundle that comes from one place of a source. It ends where the next one begins. In a package's source
//! the lines and columns of a run differ from those of the bundle by constants. In other sources a run is an expression, and
//! a position in it is that of its begin, as in Node. Its numbers are: lines since the run before, columns (since the run before if the line is the same), the source,
//! its line, and its column minus the bundle's. The last three can be negative, and the first two of those are differences
//! from the run before. In each block they start from 0.

const WORD: usize = 4;

/// A table.
#[derive(Clone, Copy)]
pub struct Positions<'a> {
    blocks: &'a [u8],
    sources: &'a [u8],
    names: &'a [u8],
    runs: &'a [u8],
}

/// A place in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    pub source: &'a str,
    pub line: u32,
    pub column: u32,
}

#[derive(Clone, Copy, Default)]
struct Run {
    line: i64,
    column: i64,
    source: i64,
    source_line: i64,
    shift: i64,
}

impl<'a> Positions<'a> {
    /// Reads the parts. `None` if the lengths are wrong.
    pub fn of(table: &'a [u8]) -> Option<Self> {
        let counts: Vec<usize> = (0..3).map(|at| word(table, at).map(|word| word as usize)).collect::<Option<_>>()?;
        let [blocks, sources, names] = counts.as_slice() else { return None };
        let (_, rest) = table.split_at_checked(3 * WORD)?;
        let (blocks, rest) = rest.split_at_checked(blocks.checked_mul(3 * WORD)?)?;
        let (sources, rest) = rest.split_at_checked(sources.checked_mul(WORD)?)?;
        let (names, runs) = rest.split_at_checked(*names)?;
        Some(Self { blocks, sources, names, runs })
    }

    /// The name of a source. 0 is the bundle.
    pub fn source(&self, index: usize) -> Option<&'a str> {
        let end = word(self.sources, index)? as usize;
        let start = match index.checked_sub(1) {
            Some(before) => word(self.sources, before)? as usize,
            None => 0,
        };
        core::str::from_utf8(self.names.get(start..end)?).ok()
    }

    /// Where a position in the bundle comes from. `None` for code that is in no source.
    pub fn place(&self, line: u32, column: u32) -> Option<Place<'a>> {
        let run = self.run(i64::from(line), i64::from(column))?;
        if run.source <= 0 {
            return None;
        }
        let source = self.source(usize::try_from(run.source).ok()?)?;
        let line = run.source_line + (i64::from(line) - run.line);
        let is_begin = !is_package(source) && line == run.source_line;
        let column = (if is_begin { run.column } else { i64::from(column) } + run.shift).max(0);
        Some(Place { source, line: u32::try_from(line).ok()?, column: u32::try_from(column).ok()? })
    }

    /// The last run that begins at the position or before it.
    fn run(&self, line: i64, column: i64) -> Option<Run> {
        let (mut low, mut high) = (0, self.blocks.len() / (3 * WORD));
        while low < high {
            let middle = (low + high) / 2;
            let first = (i64::from(word(self.blocks, middle * 3)?), i64::from(word(self.blocks, middle * 3 + 1)?));
            if first <= (line, column) { low = middle + 1 } else { high = middle }
        }
        let block = low.checked_sub(1)?;
        let end = word(self.blocks, low * 3 + 2).map_or(self.runs.len(), |end| end as usize);
        let mut bytes = self.runs.get(word(self.blocks, block * 3 + 2)? as usize..end)?;
        let mut run = Run::default();
        let mut found = None;
        while !bytes.is_empty() {
            let lines = varint(&mut bytes)?;
            let columns = varint(&mut bytes)?;
            run.line += lines;
            run.column = if lines == 0 { run.column + columns } else { columns };
            run.source += signed(&mut bytes)?;
            run.source_line += signed(&mut bytes)?;
            run.shift = signed(&mut bytes)?;
            if (run.line, run.column) > (line, column) {
                break;
            }
            found = Some(run);
        }
        found
    }
}

/// Whether a source belongs to a package, and not to the author.
pub fn is_package(source: &str) -> bool {
    source.contains("node_modules/")
}

fn word(bytes: &[u8], index: usize) -> Option<u32> {
    let start = index.checked_mul(WORD)?;
    Some(u32::from_le_bytes(bytes.get(start..start.checked_add(WORD)?)?.try_into().ok()?))
}

fn varint(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0;
    for shift in (0..56).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= i64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// A number whose lowest bit is its sign.
fn signed(bytes: &mut &[u8]) -> Option<i64> {
    let value = varint(bytes)?;
    Some(if value & 1 == 0 { value >> 1 } else { -(value >> 1) - 1 })
}
