//! From the tree of an expression to a program for [`Search`](super::Search).

use super::PatternError;
use super::class::Room;
use super::parse::Tree;

/// One step of a search.
#[derive(Debug)]
pub enum Instruction {
    /// Takes one character of the class with this number.
    Class(u32),
    /// Takes this character.
    Character(char),
    /// Goes on only at the start of the text.
    Start,
    /// Goes on only at its end.
    End,
    /// Goes on only where a word begins or ends, or with `false` elsewhere.
    Boundary(bool),
    /// Goes on only if the look-around with this number says so.
    Look(u32),
    /// Goes on at both places.
    Fork(u32, u32),
    /// Goes on elsewhere.
    Jump(u32),
    /// There is a match.
    Match,
}

/// A compiled expression without its classes.
#[derive(Debug)]
pub struct Program {
    /// What is done. The last one is the only [`Instruction::Match`].
    pub instructions: Box<[Instruction]>,
    /// Look-arounds by their numbers.
    pub looks: Box<[Look]>,
    /// Whether it is searched from the end of the text to its start.
    pub backwards: bool,
}

/// Looks ahead or behind.
#[derive(Debug)]
pub struct Look {
    /// What is looked for, from the place on where the look-around stands.
    pub program: Program,
    /// Whether it must not be found.
    pub negated: bool,
}

/// Compiles a tree, taking its size out of `room`.
pub fn compile(tree: &Tree, room: &mut Room) -> Result<Program, PatternError> {
    compile_directed(tree, false, room)
}

fn compile_directed(tree: &Tree, backwards: bool, room: &mut Room) -> Result<Program, PatternError> {
    let mut writer = Writer { instructions: Vec::new(), looks: Vec::new(), backwards, room };
    writer.tree(tree)?;
    writer.push(Instruction::Match)?;
    Ok(Program { instructions: writer.instructions.into(), looks: writer.looks.into(), backwards })
}

struct Writer<'r> {
    instructions: Vec<Instruction>,
    looks: Vec<Look>,
    backwards: bool,
    room: &'r mut Room,
}

impl Writer<'_> {
    /// Where the next instruction will be.
    fn here(&self) -> u32 {
        number(self.instructions.len())
    }

    /// Appends an instruction, and says where it is.
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
            Tree::Sequence(parts) if self.backwards => parts.iter().rev().try_for_each(|part| self.tree(part)),
            Tree::Sequence(parts) => parts.iter().try_for_each(|part| self.tree(part)),
            Tree::Either(branches) => self.either(branches),
            Tree::Repeat { tree, least, most } => self.repeat(tree, *least, *most),
            Tree::Look { tree, behind, negated } => {
                let program = compile_directed(tree, *behind, self.room)?;
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
            // What is repeated may be empty, and add no instruction.
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

/// The room for instructions is far below what does not fit.
fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
