//! Searches a text by tracking the set of all instructions that the characters so far can reach. Each instruction is in
//! the set at most once, so a search takes at most (characters of the text) × (instructions of the program) steps. Each
//! look-around runs a search of its own, wherever it is reached.

use super::super::budget::{Budget, Spent};
use super::Pattern;
use super::class::Class;
use super::program::{Direction, Instruction, Program};

/// A search for a pattern in a text. It can be interrupted between two characters.
#[derive(Debug)]
pub struct Search<'p> {
    program: &'p Program,
    classes: &'p [Class],
    /// Whether a match may begin anywhere.
    anywhere: bool,
    /// Position in the text, in bytes.
    at: usize,
    /// The instructions reached at `at`. Each of them consumes a character.
    places: Vec<u32>,
    /// The instructions reached before the last character. Kept to reuse the memory.
    before: Vec<u32>,
    /// For each instruction, the last round in which it was reached.
    reached: Vec<u32>,
    round: u32,
    /// Stack of instructions that are still to be visited.
    open: Vec<u32>,
    begun: bool,
}

impl<'p> Search<'p> {
    /// Starts a search at the start of a text.
    pub fn new(pattern: &'p Pattern) -> Self {
        // A program that starts with `^` can match only at the start, so no other start is tried.
        let anywhere = !matches!(pattern.program.instructions.first(), Some(Instruction::Start));
        Self::at(&pattern.program, &pattern.classes, 0, anywhere)
    }

    fn at(program: &'p Program, classes: &'p [Class], at: usize, anywhere: bool) -> Self {
        let reached = vec![0; program.instructions.len()];
        let (places, before, open) = (Vec::new(), Vec::new(), Vec::new());
        Self { program, classes, anywhere, at, places, before, reached, round: 0, open, begun: false }
    }

    /// Searches to the end without a pause.
    pub fn finish(mut self, text: &str, budget: &mut Budget) -> Result<bool, Spent> {
        loop {
            if let Some(found) = self.advance(text, budget)? {
                return Ok(found);
            }
        }
    }

    /// Searches until a pause is due. `None` means that the search is not finished.
    pub fn go_on(&mut self, text: &str, budget: &mut Budget) -> Result<Option<bool>, Spent> {
        while !budget.is_pause_due() {
            if let Some(found) = self.advance(text, budget)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Consumes one character. `None` means that the search is not finished.
    fn advance(&mut self, text: &str, budget: &mut Budget) -> Result<Option<bool>, Spent> {
        if !self.begun {
            // The cost of allocating the search's memory.
            budget.take(1 + self.reached.len() as u64 / 8)?;
            self.begun = true;
            self.round = 1;
            if self.reach(0, text, budget)? {
                return Ok(Some(true));
            }
        }
        if self.places.is_empty() && !self.anywhere {
            return Ok(Some(false));
        }
        let next = match self.program.direction {
            Direction::Backwards => text.get(..self.at).and_then(|before| before.chars().next_back()),
            Direction::Forwards => text.get(self.at..).and_then(|after| after.chars().next()),
        };
        let Some(next) = next else { return Ok(Some(false)) };
        self.at = match self.program.direction {
            Direction::Backwards => self.at - next.len_utf8(),
            Direction::Forwards => self.at + next.len_utf8(),
        };
        if self.round == u32::MAX {
            self.round = 0;
            self.reached.fill(0);
        }
        self.round += 1;
        budget.take(1)?;
        std::mem::swap(&mut self.places, &mut self.before);
        self.places.clear();
        for index in 0..self.before.len() {
            let place = self.before[index];
            let taken = match &self.program.instructions[place as usize] {
                Instruction::Character(wanted) => *wanted == next,
                Instruction::Class(class) => self.classes[*class as usize].has(next),
                _ => false,
            };
            budget.take(1)?;
            if taken && self.reach(place + 1, text, budget)? {
                return Ok(Some(true));
            }
        }
        if self.anywhere && self.reach(0, text, budget)? {
            return Ok(Some(true));
        }
        Ok(None)
    }

    /// Adds all instructions that are reachable from `place` without consuming a character. Returns whether there is a
    /// match.
    fn reach(&mut self, place: u32, text: &str, budget: &mut Budget) -> Result<bool, Spent> {
        self.open.push(place);
        while let Some(place) = self.open.pop() {
            let index = place as usize;
            budget.take(1)?;
            if std::mem::replace(&mut self.reached[index], self.round) == self.round {
                continue;
            }
            let goes_on = match &self.program.instructions[index] {
                Instruction::Character(_) | Instruction::Class(_) => {
                    self.places.push(place);
                    false
                }
                Instruction::Start => self.at == 0,
                Instruction::End => self.at == text.len(),
                Instruction::Boundary(wanted) => is_boundary(text, self.at) == *wanted,
                Instruction::Look(look) => {
                    let look = &self.program.looks[*look as usize];
                    let search = Search::at(&look.program, self.classes, self.at, false);
                    search.finish(text, budget)? != look.negated
                }
                Instruction::Fork(one, other) => {
                    self.open.extend([*other, *one]);
                    false
                }
                Instruction::Jump(to) => {
                    self.open.push(*to);
                    false
                }
                Instruction::Match => {
                    self.open.clear();
                    return Ok(true);
                }
            };
            if goes_on {
                self.open.push(place + 1);
            }
        }
        Ok(false)
    }
}

fn is_boundary(text: &str, at: usize) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = text.as_bytes();
    is_word(at.checked_sub(1).and_then(|before| bytes.get(before))) != is_word(bytes.get(at))
}
