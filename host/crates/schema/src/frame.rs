//! One application of a schema to a value: which other schemas its keywords apply, and how their results are combined.

use serde_json::{Value, map};

use super::budget::{Budget, Spent};
use super::equal::steps_of;
use super::item::Item;
use super::node::{ANY, Fields, Node, NodeId, Operation};
use super::pattern::Search;
use super::problem::below;

/// The step from a frame's value to the value of the next frame.
#[derive(Clone, Copy, Debug)]
pub enum Step<'v> {
    Stay,
    Field(&'v str),
    Item(usize),
}

/// The fields or items of a value that keywords have evaluated.
#[derive(Debug, Default)]
pub struct Seen {
    everything: bool,
    /// All items before this index.
    prefix: usize,
    /// One bit for each other item or field, in the data's order.
    marks: Vec<u64>,
}

impl Seen {
    fn mark(&mut self, at: usize) {
        if self.marks.len() <= at / 64 {
            self.marks.resize(at / 64 + 1, 0);
        }
        self.marks[at / 64] |= 1 << (at % 64);
    }

    fn has(&self, at: usize) -> bool {
        self.everything || at < self.prefix || self.marks.get(at / 64).is_some_and(|marks| marks >> (at % 64) & 1 == 1)
    }

    fn add(&mut self, other: &Self) {
        self.everything |= other.everything;
        self.prefix = self.prefix.max(other.prefix);
        if self.marks.len() < other.marks.len() {
            self.marks.resize(other.marks.len(), 0);
        }
        self.marks.iter_mut().zip(&other.marks).for_each(|(mine, others)| *mine |= others);
    }
}

/// One application of a schema to a value.
pub struct Frame<'s, 'v> {
    pub node: &'s Node,
    pub item: Item<'v>,
    pub step: Step<'v>,
    /// Whether problems here are not reported, because a mismatch may be fine, as within `anyOf`.
    pub quiet: bool,
    /// Whether the evaluated fields and items of this value must be collected.
    pub collects: bool,
    /// Whether the caller needs what was collected.
    pub same: bool,
    /// Index of the node's current operation.
    pub operation: usize,
    pub fits: bool,
    pub seen: Option<Box<Seen>>,
    pub progress: Progress<'s, 'v>,
    /// The result of the last applied schema.
    pub answer: Option<Answer>,
}

/// The result of applying a schema to a value.
pub struct Answer {
    pub fits: bool,
    /// What the schema has evaluated, if the caller needs it.
    pub seen: Option<Box<Seen>>,
}

/// The progress within an operation.
#[derive(Default)]
pub struct Progress<'s, 'v> {
    /// The next schema, item or field.
    next: usize,
    /// Number of schemas that the value matches, or of items that match.
    hits: u64,
    /// Whether a schema did not match.
    failed: bool,
    fields: Option<map::Iter<'v>>,
    /// The current field, the next pattern for its name, and whether any schema applies to the field.
    field: Option<(&'v str, &'v Value, usize, bool)>,
    search: Option<Box<Search<'s>>>,
}

/// The next action of an operation.
pub enum Next<'v> {
    /// Apply another schema.
    Ask(Question<'v>),
    /// The operation has ended with this result.
    Done(bool),
    /// Continue after a pause.
    Pause,
}

/// A schema to apply, and the value to apply it to.
pub struct Question<'v> {
    pub node: NodeId,
    pub item: Item<'v>,
    pub step: Step<'v>,
    pub quiet: bool,
    /// Whether the schema applies to the same value, so that what it evaluates counts for this frame too.
    pub same: bool,
}

impl Step<'_> {
    /// The step as a part of a JSON Pointer.
    pub fn pointer(self) -> String {
        match self {
            Self::Stay => String::new(),
            Self::Field(name) => below(name),
            Self::Item(at) => format!("/{at}"),
        }
    }
}

impl<'s, 'v> Frame<'s, 'v> {
    /// Starts with the first operation of a node.
    pub fn new(node: &'s Node, question: &Question<'v>) -> Self {
        Self {
            node,
            item: question.item,
            step: question.step,
            quiet: question.quiet,
            collects: question.same || node.collects,
            same: question.same,
            operation: 0,
            fits: true,
            seen: None,
            progress: Progress::default(),
            answer: None,
        }
    }

    /// Runs an operation until it needs the result of another schema.
    pub fn carry_out(
        &mut self,
        operation: &'s Operation,
        first_ends: bool,
        budget: &mut Budget,
    ) -> Result<Next<'v>, Spent> {
        let answer = self.take_answer(budget)?;
        Ok(match operation {
            Operation::Pattern(pattern) => {
                let Some(text) = self.item.text() else { return Ok(Next::Done(true)) };
                let search = self.progress.search.get_or_insert_with(|| Box::new(Search::new(pattern)));
                search.go_on(text, budget)?.map_or(Next::Pause, Next::Done)
            }
            Operation::All(schemas) => self.all(schemas.len(), answer, first_ends, |at| Some(schemas[at])),
            Operation::DependentSchemas(schemas) => {
                let Some(object) = self.item.object() else { return Ok(Next::Done(true)) };
                budget.take(schemas.get(self.progress.next).map_or(1, |(name, _)| steps_of(name)))?;
                let node = |at: usize| object.contains_key(&*schemas[at].0).then_some(schemas[at].1);
                self.all(schemas.len(), answer, first_ends, node)
            }
            Operation::Reference(node) => match answer {
                None => self.ask(*node),
                Some(fits) => Next::Done(fits),
            },
            // The caller has already applied it, since resolving it needs all frames.
            Operation::DynamicReference { .. } => Next::Done(answer != Some(false)),
            Operation::Any(schemas) => {
                self.progress.hits += u64::from(answer == Some(true));
                // When evaluated fields are collected, all alternatives must be tried: each one that matches may
                // evaluate other fields.
                let enough = self.progress.hits > 0 && !self.collects;
                match schemas.get(self.progress.next) {
                    Some(node) if !enough => self.ask_quietly(*node),
                    _ => Next::Done(self.progress.hits > 0),
                }
            }
            Operation::One(schemas) => {
                self.progress.hits += u64::from(answer == Some(true));
                match schemas.get(self.progress.next) {
                    Some(node) if self.progress.hits < 2 => self.ask_quietly(*node),
                    _ => Next::Done(self.progress.hits == 1),
                }
            }
            Operation::Not(node) => match answer {
                None => Next::Ask(Question { same: false, quiet: true, ..self.question(*node) }),
                Some(fits) => Next::Done(!fits),
            },
            Operation::If { condition, then, otherwise } => match (self.progress.next, answer) {
                (0, _) => self.ask_quietly(*condition),
                (1, Some(fits)) => self.ask(if fits { *then } else { *otherwise }),
                (_, answer) => Next::Done(answer != Some(false)),
            },
            Operation::Fields(fields) => self.fields(fields, answer, first_ends, budget)?,
            Operation::UnevaluatedFields(node) => {
                let Some(object) = self.item.object() else { return Ok(Next::Done(true)) };
                self.unevaluated(*node, answer, first_ends, budget, |progress| {
                    let (name, value) = progress.fields.get_or_insert_with(|| object.iter()).next()?;
                    Some(below_field(*node, name, value))
                })?
            }
            Operation::Names(node) => self.names(*node, answer),
            Operation::Items { prefix, rest } => self.items(prefix, *rest, answer, first_ends),
            Operation::UnevaluatedItems(node) => {
                let Some(list) = self.item.list() else { return Ok(Next::Done(true)) };
                self.unevaluated(*node, answer, first_ends, budget, |progress| {
                    Some(below_item(*node, progress.next, list.get(progress.next)?))
                })?
            }
            Operation::Contains { schema, least, most } => self.contains(*schema, *least, *most, answer),
            leaf => Next::Done(self.item.fits_leaf(leaf, budget)?),
        })
    }

    fn question(&self, node: NodeId) -> Question<'v> {
        Question { node, item: self.item, step: Step::Stay, quiet: false, same: true }
    }

    /// Applies the next schema to the same value.
    fn ask(&mut self, node: NodeId) -> Next<'v> {
        self.progress.next += 1;
        Next::Ask(self.question(node))
    }

    /// The same for a schema whose mismatch is no problem.
    fn ask_quietly(&mut self, node: NodeId) -> Next<'v> {
        self.progress.next += 1;
        Next::Ask(Question { quiet: true, ..self.question(node) })
    }

    /// Takes the result of the last applied schema. What that schema has evaluated is added here if it applied to the
    /// same value.
    fn take_answer(&mut self, budget: &mut Budget) -> Result<Option<bool>, Spent> {
        let Some(Answer { fits, seen }) = self.answer.take() else { return Ok(None) };
        if let (true, true, Some(seen)) = (fits, self.collects, seen) {
            match &mut self.seen {
                Some(mine) => {
                    budget.take(seen.marks.len() as u64)?;
                    mine.add(&seen);
                }
                mine => *mine = Some(seen),
            }
        }
        Ok(Some(fits))
    }

    /// Records a result. Returns whether the operation can end because of a mismatch, when no further problems are
    /// needed.
    fn is_decided(&mut self, answer: Option<bool>, first_ends: bool) -> bool {
        self.progress.failed |= answer == Some(false);
        self.progress.failed && first_ends
    }

    fn seen(&mut self) -> Option<&mut Seen> {
        self.collects.then(|| &mut **self.seen.get_or_insert_default())
    }

    /// Marks all fields or items of the value as evaluated.
    fn all_seen(&mut self) -> Next<'v> {
        self.seen().into_iter().for_each(|seen| seen.everything = true);
        Next::Done(!self.progress.failed)
    }

    /// Applies the schemas one after the other to the same value. If `node` returns `None`, that schema is skipped.
    fn all(
        &mut self,
        count: usize,
        answer: Option<bool>,
        first_ends: bool,
        node: impl Fn(usize) -> Option<NodeId>,
    ) -> Next<'v> {
        if self.is_decided(answer, first_ends) || self.progress.next == count {
            return Next::Done(!self.progress.failed);
        }
        let node = node(self.progress.next).unwrap_or(ANY);
        self.ask(node)
    }

    fn fields(
        &mut self,
        fields: &'s Fields,
        answer: Option<bool>,
        first_ends: bool,
        budget: &mut Budget,
    ) -> Result<Next<'v>, Spent> {
        let Some(object) = self.item.object() else { return Ok(Next::Done(true)) };
        if self.is_decided(answer, first_ends) {
            return Ok(Next::Done(false));
        }
        while !budget.is_pause_due() {
            let Some((name, value, next, known)) = self.progress.field.take() else {
                let Some((name, value)) = self.progress.fields.get_or_insert_with(|| object.iter()).next() else {
                    if fields.others.is_some() {
                        self.seen().into_iter().for_each(|seen| seen.everything = true);
                    }
                    return Ok(Next::Done(!self.progress.failed));
                };
                self.progress.next += 1;
                budget.take(steps_of(name))?;
                let node = fields.named(name);
                self.progress.field = Some((name, value, 0, node.is_some()));
                match node {
                    Some(node) if node != ANY => return Ok(Next::Ask(below_field(node, name, value))),
                    _ => continue,
                }
            };
            if let Some((pattern, node)) = fields.patterns.get(next) {
                let found = Search::new(pattern).finish(name, budget)?;
                self.progress.field = Some((name, value, next + 1, known || found));
                if found {
                    return Ok(Next::Ask(below_field(*node, name, value)));
                }
                continue;
            }
            if known {
                let at = self.progress.next - 1;
                self.seen().into_iter().for_each(|seen| seen.mark(at));
                continue;
            }
            match fields.others {
                Some(node) if node != ANY => return Ok(Next::Ask(below_field(node, name, value))),
                _ => {}
            }
        }
        Ok(Next::Pause)
    }

    /// Applies the schema to each field or item that is not evaluated yet. `question` returns the next one, or `None`
    /// at the end.
    fn unevaluated(
        &mut self,
        node: NodeId,
        answer: Option<bool>,
        first_ends: bool,
        budget: &mut Budget,
        mut question: impl FnMut(&mut Progress<'s, 'v>) -> Option<Question<'v>>,
    ) -> Result<Next<'v>, Spent> {
        if self.is_decided(answer, first_ends) {
            return Ok(Next::Done(false));
        }
        if node == ANY {
            return Ok(self.all_seen());
        }
        while !budget.is_pause_due() {
            let Some(question) = question(&mut self.progress) else { return Ok(self.all_seen()) };
            budget.take(1)?;
            let at = self.progress.next;
            self.progress.next += 1;
            if !self.seen.as_ref().is_some_and(|seen| seen.has(at)) {
                return Ok(Next::Ask(question));
            }
        }
        Ok(Next::Pause)
    }

    fn names(&mut self, node: NodeId, answer: Option<bool>) -> Next<'v> {
        let Some(object) = self.item.object() else { return Next::Done(true) };
        if answer == Some(false) {
            return Next::Done(false);
        }
        match self.progress.fields.get_or_insert_with(|| object.iter()).next() {
            Some((name, _)) => {
                Next::Ask(Question { node, item: Item::Name(name), step: Step::Stay, quiet: true, same: false })
            }
            None => Next::Done(true),
        }
    }

    fn items(&mut self, prefix: &[NodeId], rest: Option<NodeId>, answer: Option<bool>, first_ends: bool) -> Next<'v> {
        let Some(list) = self.item.list() else { return Next::Done(true) };
        let decided = self.is_decided(answer, first_ends);
        let at = self.progress.next;
        let node = prefix.get(at).copied().or(rest.filter(|rest| *rest != ANY || at < prefix.len()));
        match (list.get(at), node) {
            (Some(value), Some(node)) if !decided => {
                self.progress.next += 1;
                Next::Ask(below_item(node, at, value))
            }
            _ => {
                let all = rest.is_some();
                self.seen().into_iter().for_each(|seen| {
                    seen.everything |= all;
                    seen.prefix = seen.prefix.max(prefix.len());
                });
                Next::Done(!self.progress.failed)
            }
        }
    }

    fn contains(&mut self, schema: NodeId, least: u64, most: Option<u64>, answer: Option<bool>) -> Next<'v> {
        let Some(list) = self.item.list() else { return Next::Done(true) };
        if answer == Some(true) {
            self.progress.hits += 1;
            let at = self.progress.next - 1;
            self.seen().into_iter().for_each(|seen| seen.mark(at));
        }
        let (at, hits) = (self.progress.next, self.progress.hits);
        let decided = match most {
            Some(most) => hits > most,
            None => hits >= least && !self.collects,
        };
        match list.get(at) {
            Some(value) if !decided => {
                self.progress.next += 1;
                Next::Ask(Question { quiet: true, ..below_item(schema, at, value) })
            }
            _ => Next::Done(hits >= least && most.is_none_or(|most| hits <= most)),
        }
    }
}

fn below_field<'v>(node: NodeId, name: &'v str, value: &'v Value) -> Question<'v> {
    Question { node, item: Item::Value(value), step: Step::Field(name), quiet: false, same: false }
}

fn below_item(node: NodeId, at: usize, value: &Value) -> Question<'_> {
    Question { node, item: Item::Value(value), step: Step::Item(at), quiet: false, same: false }
}
