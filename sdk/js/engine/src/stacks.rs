//! Stacks of errors as authors want to read them: with the files and lines of their sources, and without the frames of the
//! engine and of the SDK. This runs only when JavaScript or the engine reads a stack.

use std::cell::Cell;

use rquickjs::{Ctx, IntoJs, Value};

use crate::positions::{Positions, is_package};

/// Modules of the engine, and sources that the bundler has marked as parts of the SDK.
const INTERNAL: &str = "toril:";
/// Modules of the SDK in a plugin that no bundler has seen.
const SDK: [&str; 2] = ["@toril/plugin", "bullmq"];
const FRAME: &str = "    at ";
/// The location of a function that is not JavaScript.
const NATIVE: &str = "native";
const ANONYMOUS: &str = "<anonymous>";
/// The file of code without positions: that of the engine.
const NOWHERE: &str = "<null>";
/// The file of a text that is parsed.
const INPUT: &str = "<input>";

thread_local! {
    static POSITIONS: Cell<Option<Positions<'static>>> = const { Cell::new(None) };
}

/// Sets the bundle's source map. An unreadable table is an error of the builder.
pub fn set(table: &'static [u8]) -> Result<(), String> {
    if !table.is_empty() {
        POSITIONS.set(Some(Positions::of(table).ok_or("the table of positions is damaged")?));
    }
    Ok(())
}

/// `native.mapStack(frames)`: QuickJS's frames, mapped. Anything else is returned as it is.
pub fn map<'js>(ctx: Ctx<'js>, frames: Value<'js>) -> rquickjs::Result<Value<'js>> {
    match frames.get::<String>() {
        Ok(text) => mapped(&text).into_js(&ctx),
        // A function's name can have lone surrogates.
        Err(_) => {
            drop(ctx.catch());
            Ok(frames)
        }
    }
}

/// The frames, one a line, without a line break at the end.
pub fn mapped(frames: &str) -> String {
    let mut shown: Vec<String> = Vec::new();
    // Functions that are not JavaScript and that the next frame has called.
    let mut natives = Vec::new();
    for line in frames.lines().filter(|line| !line.is_empty()) {
        match frame(line) {
            Frame::Native => natives.push(line.to_owned()),
            Frame::Internal => natives.clear(),
            Frame::Shown(text) => {
                shown.append(&mut natives);
                shown.push(text);
            }
        }
    }
    shown.append(&mut natives);
    shown.join("\n")
}

/// The first place in the author's own files of a mapped stack, as `FILE:LINE`. `None` if a package's own top level runs, which
/// the author's files only import.
pub fn author(stack: &str) -> Option<String> {
    for (name, location) in stack.lines().filter_map(split) {
        // The bundler calls the top level of a CommonJS module by the name of its file.
        if is_package(name) {
            return None;
        }
        match parts(location) {
            Some((file, line, _)) if !is_package(file) && !file.starts_with("node:") => {
                return Some(format!("{file}:{line}"));
            }
            _ => {}
        }
    }
    None
}

enum Frame {
    Native,
    Internal,
    Shown(String),
}

fn frame(line: &str) -> Frame {
    let Some((name, location)) = split(line) else { return Frame::Shown(line.to_owned()) };
    let Some((file, row, column)) = parts(location) else {
        return if location == NATIVE { Frame::Native } else { Frame::Shown(line.to_owned()) };
    };
    let is_parsed = file == INPUT && name.is_empty();
    if file.starts_with(INTERNAL) || SDK.contains(&file) || file == NOWHERE || is_parsed {
        return Frame::Internal;
    }
    let show = |file: &str, row: u32, column: u32| {
        Frame::Shown(match name {
            "" | ANONYMOUS => format!("{FRAME}{file}:{row}:{column}"),
            name => format!("{FRAME}{name} ({file}:{row}:{column})"),
        })
    };
    let Some(positions) = POSITIONS.get().filter(|positions| positions.source(0) == Some(file)) else {
        return show(file, row, column);
    };
    match positions.place(row.saturating_sub(1), column.saturating_sub(1)) {
        Some(place) if place.source.starts_with(INTERNAL) => Frame::Internal,
        Some(place) => show(place.source, place.line + 1, place.column + 1),
        // What the bundler has added.
        None => Frame::Internal,
    }
}

/// The function's name and the location of `    at NAME (LOCATION)` or `    at LOCATION`.
fn split(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix(FRAME)?;
    match rest.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")) {
        Some(parts) => Some(parts),
        None => Some(("", rest)),
    }
}

/// `FILE:LINE:COLUMN`.
fn parts(location: &str) -> Option<(&str, u32, u32)> {
    let (rest, column) = location.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((file, line.parse().ok()?, column.parse().ok()?))
}
