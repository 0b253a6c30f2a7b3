//! Parses an expression into a tree: ECMA-262 with the `u` flag. Unlike with that flag, braces and brackets that start
//! no construct are literals.

use std::iter::Peekable;
use std::str::Chars;

use super::class::{Class, LAST, Range, Room};
use super::error::{DEPTH, PatternError};

/// An expression.
#[derive(Debug)]
pub enum Tree {
    /// One character of the class with this index.
    Class(usize),
    /// This character.
    Character(char),
    /// The start of the text.
    Start,
    /// The end of the text.
    End,
    /// A word boundary, or with `false` a place that is not one.
    Boundary(bool),
    /// All parts in sequence.
    Sequence(Vec<Tree>),
    /// One of the alternatives.
    Either(Vec<Tree>),
    /// A repetition. `most` is `None` if the number is not limited.
    Repeat {
        /// The repeated part.
        tree: Box<Tree>,
        /// Minimum number of repetitions.
        least: u32,
        /// Maximum number of repetitions.
        most: Option<u32>,
    },
    /// A look-around.
    Look {
        /// What to look for.
        tree: Box<Tree>,
        /// Whether it looks behind. Otherwise it looks ahead.
        behind: bool,
        /// Whether the part must be absent.
        negated: bool,
    },
}

/// Parses an expression. Returns its tree and its classes by index.
pub fn parse(source: &str, room: &mut Room) -> Result<(Tree, Vec<Class>), PatternError> {
    room.take_expression()?;
    let mut parser = Parser { rest: source.chars().peekable(), at: 0, depth: 0, classes: Vec::new(), room };
    let tree = parser.either()?;
    match parser.rest.peek() {
        Some(_) => Err(parser.error("a group without its beginning")),
        None => Ok((tree, parser.classes)),
    }
}

struct Parser<'s, 'r> {
    rest: Peekable<Chars<'s>>,
    /// Number of characters consumed.
    at: usize,
    depth: usize,
    classes: Vec<Class>,
    room: &'r mut Room,
}

type Parsed<T> = Result<T, PatternError>;

/// The meaning of an escape sequence.
enum Escape {
    Code(u32),
    Class(Class),
}

impl Parser<'_, '_> {
    fn next(&mut self) -> Option<char> {
        self.at += 1;
        self.rest.next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let there = self.rest.peek() == Some(&wanted);
        if there {
            self.next();
        }
        there
    }

    /// Consumes `wanted` if the rest starts with it. Otherwise it consumes nothing.
    fn take_all(&mut self, wanted: &str) -> bool {
        let mut ahead = self.rest.clone();
        let there = wanted.chars().all(|character| ahead.next() == Some(character));
        if there {
            self.rest = ahead;
            self.at += wanted.chars().count();
        }
        there
    }

    fn error(&self, what: &'static str) -> PatternError {
        PatternError::Syntax { what, at: self.at + 1 }
    }

    fn class(&mut self, class: Class) -> Parsed<Tree> {
        self.room.take(1)?;
        self.classes.push(class);
        Ok(Tree::Class(self.classes.len() - 1))
    }

    fn either(&mut self) -> Parsed<Tree> {
        let mut branches = vec![self.sequence()?];
        while self.take('|') {
            self.room.take(1)?;
            branches.push(self.sequence()?);
        }
        Ok(match branches.pop() {
            Some(only) if branches.is_empty() => only,
            last => Tree::Either(branches.into_iter().chain(last).collect()),
        })
    }

    fn sequence(&mut self) -> Parsed<Tree> {
        let mut parts = Vec::new();
        while let Some(next) = self.rest.peek() {
            if matches!(next, '|' | ')') {
                break;
            }
            // Each part of the tree also costs memory.
            self.room.take(1)?;
            let part = self.part()?;
            parts.push(self.repeated(part)?);
        }
        Ok(Tree::Sequence(parts))
    }

    fn part(&mut self) -> Parsed<Tree> {
        match self.next() {
            Some('^') => Ok(Tree::Start),
            Some('$') => Ok(Tree::End),
            Some('.') => self.class(Class::new(LINE_ENDS.to_vec()).negated()),
            Some('(') => self.group(),
            Some('[') => {
                let class = self.bracket()?;
                self.class(class)
            }
            Some('*' | '+' | '?') => {
                self.at -= 1;
                Err(self.error("a repetition of nothing"))
            }
            Some('\\') => self.escaped(),
            Some(other) => Ok(Tree::Character(other)),
            None => Err(self.error("an unexpected end")),
        }
    }

    fn escaped(&mut self) -> Parsed<Tree> {
        match self.rest.peek() {
            Some('b') => {
                self.next();
                Ok(Tree::Boundary(true))
            }
            Some('B') => {
                self.next();
                Ok(Tree::Boundary(false))
            }
            Some('1'..='9' | 'k') => Err(self.error("a backreference, which is not supported,")),
            _ => match self.escape()? {
                Escape::Class(class) => self.class(class),
                Escape::Code(code) => match char::from_u32(code) {
                    Some(character) => Ok(Tree::Character(character)),
                    // Half of a surrogate pair. It never occurs in a text.
                    None => self.class(Class::new(vec![(code, code)])),
                },
            },
        }
    }

    fn repeated(&mut self, tree: Tree) -> Parsed<Tree> {
        let before = self.at;
        let (least, most) = match self.rest.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.counts() {
                Some(counts) => counts,
                None => return Ok(tree),
            },
            _ => return Ok(tree),
        };
        if self.at == before {
            self.next();
        }
        if most.is_some_and(|most| most < least) {
            return Err(self.error("a repetition whose numbers are not in order"));
        }
        if matches!(tree, Tree::Start | Tree::End | Tree::Boundary(_) | Tree::Look { .. }) {
            return Err(self.error("a repetition of what has no length"));
        }
        // Greedy and lazy make no difference to whether there is a match.
        self.take('?');
        if matches!(self.rest.peek(), Some('*' | '+' | '?')) {
            return Err(self.error("a repetition of a repetition"));
        }
        Ok(Tree::Repeat { tree: Box::new(tree), least, most })
    }

    /// Parses `{2}`, `{2,}` or `{2,3}`. If the brace starts none of these, it returns `None` and consumes nothing.
    fn counts(&mut self) -> Option<(u32, Option<u32>)> {
        let (rest, at) = (self.rest.clone(), self.at);
        self.next();
        let counts = self.number().and_then(|least| {
            let most = if self.take(',') { self.number() } else { Some(least) };
            self.take('}').then_some((least, most))
        });
        if counts.is_none() {
            (self.rest, self.at) = (rest, at);
        }
        counts
    }

    fn number(&mut self) -> Option<u32> {
        let mut number = None;
        while let Some(digit) = self.rest.peek().and_then(|digit| digit.to_digit(10)) {
            self.next();
            number = Some(number.unwrap_or(0_u32).saturating_mul(10).saturating_add(digit));
        }
        number
    }

    fn group(&mut self) -> Parsed<Tree> {
        let look = if self.take('?') { self.kind_of_group()? } else { None };
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(PatternError::TooDeep);
        }
        let tree = self.either()?;
        self.depth -= 1;
        if !self.take(')') {
            return Err(self.error("a group without its end"));
        }
        Ok(match look {
            Some((behind, negated)) => Tree::Look { tree: Box::new(tree), behind, negated },
            // Wrapped, because a repetition must apply to the whole group and not to its parts.
            None => Tree::Sequence(vec![tree]),
        })
    }

    /// Parses what follows `(?`. For a look-around, it returns whether it looks behind and whether it is negated.
    fn kind_of_group(&mut self) -> Parsed<Option<(bool, bool)>> {
        for (text, look) in [("=", (false, false)), ("!", (false, true)), ("<=", (true, false)), ("<!", (true, true))] {
            if self.take_all(text) {
                return Ok(Some(look));
            }
        }
        if self.take(':') {
            return Ok(None);
        }
        // Python and older versions of Rust's regex use this syntax for named groups.
        if self.take_all("<") || self.take_all("P<") {
            let mut length = 0;
            while let Some(next) = self.next() {
                match next {
                    '>' if length > 0 => return Ok(None),
                    next if next.is_alphanumeric() || matches!(next, '_' | '$') => length += 1,
                    _ => break,
                }
            }
            return Err(self.error("a group whose name is not valid"));
        }
        Err(self.error("a kind of group that is not supported"))
    }

    fn bracket(&mut self) -> Parsed<Class> {
        let negated = self.take('^');
        let mut ranges = Vec::new();
        loop {
            if self.take(']') {
                let class = Class::new(ranges);
                return Ok(if negated { class.negated() } else { class });
            }
            let start = match self.bracket_part()? {
                Escape::Class(class) => {
                    self.room.take(class.ranges().len())?;
                    ranges.extend(class.ranges());
                    continue;
                }
                Escape::Code(start) => start,
            };
            self.room.take(1)?;
            let mut ahead = self.rest.clone();
            let is_range = ahead.next() == Some('-') && !matches!(ahead.next(), Some(']') | None);
            if !is_range {
                ranges.push((start, start));
                continue;
            }
            self.next();
            match self.bracket_part()? {
                Escape::Code(end) if start <= end => ranges.push((start, end)),
                Escape::Code(_) => return Err(self.error("a range of characters that is not in order")),
                Escape::Class(_) => return Err(self.error("a range of characters that has no end")),
            }
        }
    }

    fn bracket_part(&mut self) -> Parsed<Escape> {
        match self.next() {
            Some('\\') => match self.rest.peek() {
                Some('b') => {
                    self.next();
                    Ok(Escape::Code(8))
                }
                _ => self.escape(),
            },
            Some(other) => Ok(Escape::Code(other.into())),
            None => Err(self.error("a set of characters without its end")),
        }
    }

    /// Parses what follows a backslash.
    fn escape(&mut self) -> Parsed<Escape> {
        let class = |ranges: &[Range], positive: bool| {
            let class = Class::new(ranges.to_vec());
            Ok(Escape::Class(if positive { class } else { class.negated() }))
        };
        let code = match self.next() {
            Some(letter @ ('d' | 'D')) => return class(DIGITS, letter == 'd'),
            Some(letter @ ('w' | 'W')) => return class(WORD, letter == 'w'),
            Some(letter @ ('s' | 'S')) => return class(SPACES, letter == 's'),
            Some(letter @ ('p' | 'P')) => return self.property(letter == 'p'),
            Some('t') => 9,
            Some('n') => 10,
            Some('v') => 11,
            Some('f') => 12,
            Some('r') => 13,
            Some('0') if !self.rest.peek().is_some_and(char::is_ascii_digit) => 0,
            Some('x') => self.hex(2)?,
            Some('u') => self.unicode()?,
            Some('c') => match self.next() {
                Some(letter) if letter.is_ascii_alphabetic() => u32::from(letter) % 32,
                _ => return Err(self.error("a control character without its letter")),
            },
            Some(other) if !other.is_alphanumeric() => other.into(),
            Some(_) => return Err(self.error("an escape that ECMA-262 does not have")),
            None => return Err(self.error("a backslash without anything behind it")),
        };
        Ok(Escape::Code(code))
    }

    fn property(&mut self, positive: bool) -> Parsed<Escape> {
        if !self.take('{') {
            return Err(self.error("a property without its name in braces"));
        }
        let mut name = String::new();
        while let Some(next) = self.next() {
            match next {
                '}' => {
                    let class = self.room.property(&name, positive)?;
                    return class.map(Escape::Class).ok_or_else(|| self.error("a property that Unicode does not have"));
                }
                next if next.is_ascii_alphanumeric() || matches!(next, '_' | '=') => name.push(next),
                _ => break,
            }
        }
        Err(self.error("a property whose name is not valid"))
    }

    fn hex(&mut self, digits: usize) -> Parsed<u32> {
        let mut code = 0;
        for _ in 0..digits {
            let digit = self.next().and_then(|digit| digit.to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.error("an escape without its hexadecimal digits"))?;
        }
        Ok(code)
    }

    /// Parses what follows `\u`: four digits, two such escapes for a surrogate pair, or digits in braces.
    fn unicode(&mut self) -> Parsed<u32> {
        if self.take('{') {
            let mut code = 0_u32;
            while let Some(digit) = self.rest.peek().and_then(|digit| digit.to_digit(16)) {
                self.next();
                code = code.saturating_mul(16).saturating_add(digit);
            }
            return match self.take('}') && code <= LAST {
                true => Ok(code),
                false => Err(self.error("an escape that is no code point")),
            };
        }
        let high = self.hex(4)?;
        let (rest, at) = (self.rest.clone(), self.at);
        if (0xD800..0xDC00).contains(&high) && self.take_all("\\u") {
            match self.hex(4) {
                Ok(low @ 0xDC00..0xE000) => return Ok(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)),
                // The next escape is not a low surrogate, so it is parsed on its own.
                _ => (self.rest, self.at) = (rest, at),
            }
        }
        Ok(high)
    }
}

const DIGITS: &[Range] = &[(0x30, 0x39)];
const WORD: &[Range] = &[(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)];
const LINE_ENDS: &[Range] = &[(0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)];
const SPACES: &[Range] = &[
    (0x09, 0x0D),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
];
