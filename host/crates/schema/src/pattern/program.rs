//! Compiles the tree of an expression into a program for [`Search`](super::Search).

use super::class::Room;
use super::error::PatternError;
use super::parse::Tree;

/// One instruction of a search.
#[derive(Debug)]
pub enum Instruction {
    /// Consumes one character of the class with this index.
    Class(u32),
    /// Consumes this character.
    Character(char),
    /// Continues only at the start of the text.
    Start,
    /// Continues only at the end of the text.
    End,
    /// Continues only at a word boundary, or with `false` only elsewhere.
    Boundary(bool),
    /// Continues only if the look-around with this index succeeds.
    Look(u32),
    /// Continues at both instructions.
    Fork(u32, u32),
    /// Continues at another instruction.
    Jump(u32),
    /// There is a match.
    Match,
}

/// A compiled expression without its classes.
#[derive(Debug)]
pub struct Program {
    /// The instructions. The last one is the only [`Instruction::Match`].
    pub instructions: Box<[Instruction]>,
    /// The look-arounds by index.
    pub looks: Box<[Look]>,
    /// Where the search runs to.
    pub direction: Direction,
}

/// The direction of a search in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the end of the text.
    Forwards,
    /// To the start of the text, as a look-behind searches.
    Backwards,
}

/// A look-ahead or look-behind.
#[derive(Debug)]
pub struct Look {
    /// The program to search with, starting at the position of the look-around.
    pub program: Program,
    /// Whether the program must not match.
    pub negated: bool,
}

/// Compiles a tree and takes its size from `room`.
pub fn compile(tree: &Tree, room: &mut Room) -> Result<Program, PatternError> {
    compile_directed(tree, Direction::Forwards, room)
}

fn compile_directed(tree: &Tree, direction: Direction, room: &mut Room) -> Result<Program, PatternError> {
    let mut writer = Writer { instructions: Vec::new(), looks: Vec::new(), direction, room };
    writer.tree(tree)?;
    writer.push(Instruction::Match)?;
    Ok(Program { instructions: writer.instructions.into(), looks: writer.looks.into(), direction })
}

struct Writer<'r> {
    instructions: Vec<Instruction>,
    looks: Vec<Look>,
    direction: Direction,
    room: &'r mut Room,
}

impl Writer<'_> {
    /// Index of the next instruction.
    fn here(&self) -> u32 {
        number(self.instructions.len())
    }

    /// Appends an instruction and returns its index.
    fn push(&mut self, instruction: Instruction) -> Result<usize, PatternError> {
        self.room.take(1)?;
        self.instructions.push(instruction);
        Ok(self.instructions.len() - 1)
    }

    fn tree(&mut self, tree: &Tree) -> Result<(), PatternError> {
        match tree {
            Tree::Class(class) => self.push(Instruction::Class(number(*class))).map(drop),
            Tree::Character(character) => self.push(Instruction::Character(*character)).map(drop),
            Tree::Start => self.push(Instruction::Start).map(drop),
            Tree::End => self.push(Instruction::End).map(drop),
            Tree::Boundary(wanted) => self.push(Instruction::Boundary(*wanted)).map(drop),
            Tree::Sequence(parts) if self.direction == Direction::Backwards => {
                parts.iter().rev().try_for_each(|part| self.tree(part))
            }
            Tree::Sequence(parts) => parts.iter().try_for_each(|part| self.tree(part)),
            Tree::Either(branches) => self.either(branches),
            Tree::Repeat { tree, least, most } => self.repeat(tree, *least, *most),
            Tree::Look { tree, behind, negated } => {
                let direction = if *behind { Direction::Backwards } else { Direction::Forwards };
                let program = compile_directed(tree, direction, self.room)?;
                self.looks.push(Look { program, negated: *negated });
                let number = number(self.looks.len() - 1);
                self.push(Instruction::Look(number)).map(drop)
            }
        }
    }

    fn either(&mut self, branches: &[Tree]) -> Result<(), PatternError> {
        let Some((last, others)) = branches.split_last() else { return Ok(()) };
        let mut ends = Vec::with_capacity(others.len());
        for branch in others {
            let fork = self.push(Instruction::Jump(0))?;
            self.tree(branch)?;
            ends.push(self.push(Instruction::Jump(0))?);
            self.instructions[fork] = Instruction::Fork(number(fork + 1), self.here());
        }
        self.tree(last)?;
        let end = self.here();
        ends.into_iter().for_each(|at| self.instructions[at] = Instruction::Jump(end));
        Ok(())
    }

    fn repeat(&mut self, tree: &Tree, least: u32, most: Option<u32>) -> Result<(), PatternError> {
        for _ in 0..least {
            // Counted here, because an empty repeated part adds no instruction.
            self.room.take(1)?;
            self.tree(tree)?;
        }
        let Some(most) = most else {
            let fork = self.push(Instruction::Jump(0))?;
            self.tree(tree)?;
            self.push(Instruction::Jump(number(fork)))?;
            self.instructions[fork] = Instruction::Fork(number(fork + 1), self.here());
            return Ok(());
        };
        let mut forks = Vec::new();
        for _ in least..most {
            forks.push(self.push(Instruction::Jump(0))?);
            self.tree(tree)?;
        }
        let end = self.here();
        forks.into_iter().for_each(|at| self.instructions[at] = Instruction::Fork(number(at + 1), end));
        Ok(())
    }
}

/// The memory budget allows far fewer instructions than a `u32` can count.
fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
