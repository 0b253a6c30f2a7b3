//! Character sets, and the memory budget that all expressions of a plugin share.

use std::collections::HashMap;
use std::sync::Arc;

use regex_syntax::hir::{Class as HirClass, HirKind};

use super::error::{PatternError, ROOM};

/// Base cost of each expression, in units.
const EACH: usize = 16;

/// The highest code point.
pub const LAST: u32 = 0x10_FFFF;

pub type Range = (u32, u32);

/// The remaining memory budget, and the character sets that expressions share.
#[derive(Debug)]
pub struct Room {
    left: usize,
    properties: HashMap<String, Class>,
}

impl Default for Room {
    fn default() -> Self {
        Self { left: ROOM, properties: HashMap::new() }
    }
}

impl Room {
    /// Takes units from the budget.
    pub fn take(&mut self, units: usize) -> Result<(), PatternError> {
        self.left = self.left.checked_sub(units).ok_or(PatternError::TooLarge)?;
        Ok(())
    }

    /// Takes the base cost of one expression.
    pub fn take_expression(&mut self) -> Result<(), PatternError> {
        self.take(EACH)
    }

    /// The set of `\p{name}`, or of `\P{name}` if `positive` is false. `None` if the name is unknown.
    pub fn property(&mut self, name: &str, positive: bool) -> Result<Option<Class>, PatternError> {
        let letter = if positive { 'p' } else { 'P' };
        let key = format!("\\{letter}{{{name}}}");
        if let Some(known) = self.properties.get(&key) {
            return Ok(Some(known.clone()));
        }
        let Ok(parsed) = regex_syntax::parse(&key) else { return Ok(None) };
        let HirKind::Class(HirClass::Unicode(ranges)) = parsed.kind() else { return Ok(None) };
        let ranges: Vec<_> = ranges.iter().map(|range| (range.start().into(), range.end().into())).collect();
        self.take(ranges.len())?;
        let class = Class::new(ranges);
        self.properties.insert(key, class.clone());
        Ok(Some(class))
    }
}

/// A character set.
#[derive(Clone, Debug)]
pub struct Class {
    /// The characters below 128, one bit each.
    ascii: u128,
    /// All ranges, sorted and without overlaps.
    ranges: Arc<[Range]>,
}

impl Class {
    /// The set of these ranges, which may be in any order.
    pub fn new(mut ranges: Vec<Range>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<Range> = Vec::with_capacity(ranges.len());
        for (start, end) in ranges {
            match merged.last_mut() {
                Some(last) if start <= last.1.saturating_add(1) => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        let ascii = (0..128_u32).filter(|code| contains(&merged, *code)).fold(0, |bits, code| bits | 1 << code);
        Self { ascii, ranges: merged.into() }
    }

    /// The complement of the set.
    pub fn negated(&self) -> Self {
        let mut others = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = 0;
        for (start, end) in self.ranges.iter().copied() {
            if next < start {
                others.push((next, start - 1));
            }
            next = end + 1;
        }
        if next <= LAST {
            others.push((next, LAST));
        }
        Self::new(others)
    }

    /// The ranges of the set.
    pub fn ranges(&self) -> &[Range] {
        &self.ranges
    }

    /// Whether the set contains a character.
    pub fn has(&self, character: char) -> bool {
        let code = u32::from(character);
        if code < 128 { self.ascii >> code & 1 == 1 } else { contains(&self.ranges, code) }
    }
}

fn contains(ranges: &[Range], code: u32) -> bool {
    let after = ranges.partition_point(|(start, _)| *start <= code);
    after.checked_sub(1).is_some_and(|at| code <= ranges[at].1)
}
