//! `key=value` pairs: values in single quotes may contain spaces, and a backslash escapes the next character.

use std::iter::Peekable;
use std::str::Chars;

use super::TargetError;
use super::options::Options;

pub(super) fn read(text: &str) -> Result<Options, TargetError> {
    let mut options = Options::default();
    let mut rest = text.chars().peekable();
    skip_spaces(&mut rest);
    if rest.peek().is_none() {
        return Err(TargetError::Syntax);
    }
    while rest.peek().is_some() {
        let name = name(&mut rest)?;
        let value = value(&mut rest)?;
        options.set(&name, value)?;
        skip_spaces(&mut rest);
    }
    Ok(options)
}

fn skip_spaces(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| c.is_whitespace()).is_some() {}
}

/// Reads a key and the `=` after it.
fn name(rest: &mut Peekable<Chars<'_>>) -> Result<String, TargetError> {
    let mut name = String::new();
    while let Some(c) = rest.next_if(|c| *c != '=' && !c.is_whitespace()) {
        name.push(c);
    }
    skip_spaces(rest);
    let separator = rest.next();
    skip_spaces(rest);
    if name.is_empty() || separator != Some('=') { Err(TargetError::Syntax) } else { Ok(name) }
}

fn value(rest: &mut Peekable<Chars<'_>>) -> Result<String, TargetError> {
    let quoted = rest.next_if_eq(&'\'').is_some();
    let mut value = String::new();
    loop {
        match rest.next() {
            Some('\\') => value.push(rest.next().ok_or(TargetError::Syntax)?),
            Some('\'') if quoted => return Ok(value),
            Some(c) if !quoted && c.is_whitespace() => return Ok(value),
            Some(c) => value.push(c),
            None if quoted => return Err(TargetError::Syntax),
            None => return Ok(value),
        }
    }
}
