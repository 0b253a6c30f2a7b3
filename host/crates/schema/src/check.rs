//! Checks data against a compiled schema. The state is a list of frames, not the thread's stack. So a check can be
//! interrupted after any step, and the list's maximum length limits chains of references.

use serde_json::Value;

use super::budget::{Budget, Spent};
use super::frame::{Answer, Frame, Next, Progress, Question, Step};
use super::item::Item;
use super::node::{ANY, NodeId, Operation, Schema};
use super::problem::{DataProblem, messages};
use toril_job::text::cut;

/// Maximum number of frames: nested schemas, including those reached by reference, plus the depth of the data.
const FRAMES: usize = 5_000;
/// Maximum length of a text in which a pattern is searched without a pause, in bytes.
const SHORT: usize = 4_096;
/// Maximum number of stored problems, and maximum length of the location and of the message of each, in bytes. Names
/// come from the data and the schema, so they can be long.
const PROBLEMS: usize = 1_000;
const TEXT: usize = 2_000;

/// A check, which may be in progress.
pub struct Check<'s, 'v> {
    schema: &'s Schema,
    frames: Vec<Frame<'s, 'v>>,
    answer: Option<bool>,
    /// `None` means that the first problem ends the check.
    problems: Option<Vec<DataProblem>>,
    more: usize,
}

impl<'s, 'v> Check<'s, 'v> {
    /// Starts a check that only finds out whether the data matches.
    pub fn new(schema: &'s Schema, data: &'v Value) -> Self {
        let mut check = Self { schema, frames: Vec::new(), answer: None, problems: None, more: 0 };
        check.begin(data);
        check
    }

    /// Runs a check that collects problems. Returns the problems and the number of further ones.
    pub fn problems(
        schema: &'s Schema,
        data: &'v Value,
        budget: &mut Budget,
    ) -> Result<(Vec<DataProblem>, usize), Spent> {
        let mut check = Self { schema, frames: Vec::new(), answer: None, problems: Some(Vec::new()), more: 0 };
        check.begin(data);
        while check.go_on(budget)?.is_none() {
            budget.resume();
        }
        Ok((check.problems.unwrap_or_default(), check.more))
    }

    fn begin(&mut self, data: &'v Value) {
        let node = self.schema.root;
        let question = Question { node, item: Item::Value(data), step: Step::Stay, quiet: false, same: false };
        match node {
            ANY => self.answer = Some(true),
            NodeId(number) => self.frames.push(Frame::new(&self.schema.nodes[number as usize], &question)),
        }
    }

    /// Continues until a pause is due. `None` means that the check is not finished.
    pub fn go_on(&mut self, budget: &mut Budget) -> Result<Option<bool>, Spent> {
        while !budget.is_pause_due() {
            if let Some(answer) = self.answer {
                return Ok(Some(answer));
            }
            self.advance(budget)?;
        }
        Ok(None)
    }

    fn advance(&mut self, budget: &mut Budget) -> Result<(), Spent> {
        budget.take(1)?;
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let Some(operation) = frame.node.operations.get(frame.operation) else {
            self.leave();
            return Ok(());
        };
        let first_ends = self.problems.is_none() || frame.quiet;
        let next = match operation {
            Operation::DynamicReference { name, otherwise } if frame.answer.is_none() => {
                let node = self.dynamic(name, *otherwise, budget)?;
                let item = self.frames.last().map_or(Item::Name(""), |frame| frame.item);
                Next::Ask(Question { node, item, step: Step::Stay, quiet: false, same: true })
            }
            operation => frame.carry_out(operation, first_ends, budget)?,
        };
        match next {
            Next::Pause => Ok(()),
            Next::Ask(question) => self.ask(question, budget),
            Next::Done(fits) => {
                self.done(operation, fits, first_ends);
                Ok(())
            }
        }
    }

    fn ask(&mut self, question: Question<'v>, budget: &mut Budget) -> Result<(), Spent> {
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        if question.node == ANY {
            frame.answer = Some(Answer { fits: true, seen: None });
            return Ok(());
        }
        let node = &self.schema.nodes[question.node.0 as usize];
        let quiet = question.quiet || frame.quiet;
        // Most schemas apply to one scalar value. They need no frame of their own, unless their problems are collected.
        let in_one_go = node.is_leaf && question.item.text().is_none_or(|text| text.len() <= SHORT);
        if in_one_go && (self.problems.is_none() || quiet) {
            let mut fits = true;
            for operation in &node.operations {
                fits = fits && question.item.fits_leaf(operation, budget)?;
            }
            frame.answer = Some(Answer { fits, seen: None });
            return Ok(());
        }
        let question = Question { quiet, same: question.same && frame.collects, ..question };
        if self.frames.len() >= FRAMES {
            // This uses up the budget, so that every further step fails too.
            return budget.take(u64::MAX);
        }
        self.frames.push(Frame::new(node, &question));
        Ok(())
    }

    /// Records the result of the last frame's current operation.
    fn done(&mut self, operation: &Operation, fits: bool, first_ends: bool) {
        if !fits && !first_ends {
            self.report(operation);
        }
        let Some(frame) = self.frames.last_mut() else { return };
        frame.fits &= fits;
        if !fits && first_ends {
            self.leave();
            return;
        }
        frame.operation += 1;
        frame.progress = Progress::default();
    }

    /// Removes the last frame and passes its result to the frame that applied it.
    fn leave(&mut self) {
        let Some(done) = self.frames.pop() else { return };
        match self.frames.last_mut() {
            Some(frame) => {
                let seen = done.seen.filter(|_| done.same);
                frame.answer = Some(Answer { fits: done.fits, seen });
            }
            None => self.answer = Some(done.fits),
        }
    }

    /// Resolves a dynamic reference: the first resource on the path to here that has a dynamic anchor of this name.
    fn dynamic(&self, name: &str, otherwise: NodeId, budget: &mut Budget) -> Result<NodeId, Spent> {
        let mut before = None;
        for frame in &self.frames {
            budget.take(1)?;
            if before.replace(frame.node.resource) == Some(frame.node.resource) {
                continue;
            }
            if let Some(node) = self.schema.dynamic.get(&(frame.node.resource, Box::from(name))) {
                return Ok(*node);
            }
        }
        Ok(otherwise)
    }

    /// Stores the problems of the last frame's value.
    fn report(&mut self, operation: &Operation) {
        let (Some(frame), Some(problems)) = (self.frames.last(), &mut self.problems) else { return };
        for (below, message) in messages(operation, frame.item.object()) {
            if problems.len() == PROBLEMS {
                self.more += 1;
                continue;
            }
            let field = place(&self.frames) + &below;
            problems.push(DataProblem { field: cut(field, TEXT), message: cut(message, TEXT) });
        }
    }
}

/// Location of the last frame's value in the data, as a JSON Pointer. A long pointer is truncated.
fn place(frames: &[Frame<'_, '_>]) -> String {
    let mut place = String::new();
    for frame in frames {
        if place.len() > TEXT {
            break;
        }
        place += &frame.step.pointer();
    }
    place
}
