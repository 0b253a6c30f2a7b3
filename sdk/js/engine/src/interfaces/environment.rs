//! `wasi:cli/environment`, and what was read of it too early.

use std::cell::RefCell;

use rquickjs::module::{Declarations, Exports, ModuleDef};
use rquickjs::prelude::Func;
use rquickjs::{Ctx, Result};
use wasip2::cli::environment;

use crate::{realm, stacks};

pub const NAME: &str = "wasi:cli/environment@0.2.0";

pub struct Interface;

impl ModuleDef for Interface {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        declarations.declare("getEnvironment").map(|_| ())
    }

    fn evaluate<'js>(_: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        exports.export("getEnvironment", Func::from(variables)).map(|_| ())
    }
}

/// Pairs of names and values. Before the snapshot there are none.
fn variables() -> Vec<Vec<String>> {
    let all = if realm::is_live() { environment::get_environment() } else { Vec::new() };
    all.into_iter().map(|(name, value)| vec![name, value]).collect()
}

thread_local! {
    static EARLY: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// `native.noteEarlyRead(stack, name)`: the variable is read before the snapshot. An empty name means all variables. Packages
/// read variables that nobody sets, so only what the author's own code reads is noted.
pub fn note_early_read(stack: String, name: String) {
    let Some(place) = stacks::author(&stack) else { return };
    let note = format!("{place}\t{}", name.replace(['\t', '\n', '\r'], " "));
    EARLY.with_borrow_mut(|early| {
        if !early.contains(&note) {
            early.push(note);
        }
    });
}

/// Removes and returns the notes, one a line: the place, a tab, and the variable.
pub fn take_early_reads() -> String {
    EARLY.take().join("\n")
}
