//! The fields of a pattern: parsing and matching.

use super::LONGEST;
use super::hashed::Random;
use super::zone::LocalTime;

/// The limit of values in the list of one field, repetitions included. `cron-parser` has the same limit.
const MOST_VALUES: usize = 256;
const LONGEST_MONTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const NAMED: [(&str, &str); 10] = [
    ("@yearly", "0 0 0 1 1 *"),
    ("@annually", "0 0 0 1 1 *"),
    ("@monthly", "0 0 0 1 * *"),
    ("@weekly", "0 0 0 * * 0"),
    ("@daily", "0 0 0 * * *"),
    ("@hourly", "0 0 * * * *"),
    ("@minutely", "0 * * * * *"),
    ("@secondly", "* * * * * *"),
    ("@weekdays", "0 0 0 * * 1-5"),
    ("@weekends", "0 0 0 * * 0,6"),
];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A set of numbers from 0 to 63.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Values(u64);

impl Values {
    fn add(&mut self, value: u32) {
        self.0 |= 1 << value;
    }

    pub fn has(self, value: u32) -> bool {
        self.0 & (1 << value) != 0
    }

    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The smallest number. Every field has at least one.
    pub fn first(self) -> u32 {
        self.0.trailing_zeros().min(63)
    }

    /// The smallest number above this one.
    pub fn after(self, value: u32) -> Option<u32> {
        let above = self.0 & (u64::MAX << value << 1);
        (above != 0).then(|| above.trailing_zeros())
    }
}

/// The fields of a pattern.
#[derive(Clone, Debug)]
pub struct Fields {
    pub seconds: Values,
    pub minutes: Values,
    pub hours: Values,
    pub months: Values,
    days: Values,
    /// The field is `*` or `?`, so only the day of the week decides.
    any_day: bool,
    last_day: bool,
    weekdays: Values,
    any_weekday: bool,
    /// Days of the week that match only on their last occurrence in the month.
    last_weekdays: Values,
    /// Which occurrence of the day of the week in the month matches (`#N`).
    nth: Option<f64>,
}

impl Fields {
    /// Parses a pattern. The error says what is wrong with it.
    pub fn parse(pattern: &str, random: &mut Random) -> Result<Self, String> {
        if pattern.len() > LONGEST {
            return Err(format!("longer than {LONGEST} bytes"));
        }
        let pattern = NAMED.iter().find(|(name, _)| *name == pattern).map_or(pattern, |(_, fields)| fields);
        let mut given: Vec<&str> = pattern.split_whitespace().collect();
        if given.is_empty() {
            return Err("empty".to_owned());
        }
        if given.len() > 6 {
            return Err(format!("{} fields, and six are the most", given.len()));
        }
        // Missing fields are the first ones: seconds, then minutes, and so on.
        let defaults = ["0", "*", "*", "*", "*", "*"];
        let missing = &defaults[..defaults.len() - given.len()];
        drop(given.splice(0..0, missing.iter().copied()));
        let [second, minute, hour, day, month, weekday] = given[..] else { return Err("not six fields".to_owned()) };

        // The order matters, because each field takes one number from `random`.
        let seconds = SECOND.values(second, random)?;
        let minutes = MINUTE.values(minute, random)?;
        let hours = HOUR.values(hour, random)?;
        let months = MONTH.values(month, random)?;
        let days = DAY.values(day, random)?;
        let (plain_weekday, nth) = nth_day(weekday)?;
        let weekdays = WEEKDAY.values(plain_weekday, random)?;
        let fields = Self {
            seconds: seconds.plain,
            minutes: minutes.plain,
            hours: hours.plain,
            months: months.plain,
            days: days.plain,
            any_day: is_any(day),
            last_day: day.contains('L'),
            weekdays: weekdays.plain,
            any_weekday: is_any(weekday),
            last_weekdays: weekdays.last,
            nth,
        };
        fields.check_day()?;
        Ok(fields)
    }

    /// Rejects a day that the only month of the pattern never has.
    fn check_day(&self) -> Result<(), String> {
        if self.months.len() != 1 || self.last_day || !self.any_weekday {
            return Ok(());
        }
        let longest = LONGEST_MONTHS.get(self.months.first() as usize - 1).copied().unwrap_or(31);
        match self.days.first() <= longest {
            true => Ok(()),
            false => Err("its month never has that day".to_owned()),
        }
    }

    /// Whether the day of a time matches by its number and by its day of the week. If both are restricted, one match
    /// is enough.
    pub fn fits_day(&self, time: &LocalTime) -> bool {
        let day = self.days.has(time.day()) || (self.last_day && time.days_left() == 0);
        let nth = self.nth.is_none_or(|nth| f64::from(time.day().div_ceil(7)) == nth);
        let weekday = (self.weekdays.has(time.weekday()) && nth)
            || (self.last_weekdays.has(time.weekday()) && time.days_left() < 7);
        match (self.any_day, self.any_weekday) {
            (false, false) => day || weekday,
            (_, true) => day,
            (true, false) => weekday,
        }
    }
}

fn is_any(field: &str) -> bool {
    field == "*" || field == "?"
}

/// Splits `#N` from the day of the week.
fn nth_day(field: &str) -> Result<(&str, Option<f64>), String> {
    let Some((weekday, nth)) = field.split_once('#') else { return Ok((field, None)) };
    if let Some(other) = field.chars().find(|char| matches!(char, ',' | '-' | '/')) {
        return Err(format!("`#` and `{other}` in the same field"));
    }
    match nth.parse::<f64>() {
        Ok(nth) if (1.0..=5.0).contains(&nth) => Ok((weekday, Some(nth))),
        _ => Err("`#` needs a number from 1 to 5".to_owned()),
    }
}

/// The rules of a field.
struct Kind {
    name: &'static str,
    min: u32,
    max: u32,
    /// `L` is allowed.
    has_last: bool,
    /// Its values have names.
    has_names: bool,
}

const SECOND: Kind = Kind { name: "second", min: 0, max: 59, has_last: false, has_names: false };
const MINUTE: Kind = Kind { name: "minute", ..SECOND };
const HOUR: Kind = Kind { name: "hour", max: 23, ..SECOND };
const DAY: Kind = Kind { name: "day", min: 1, max: 31, has_last: true, has_names: false };
const MONTH: Kind = Kind { name: "month", min: 1, max: 12, has_last: false, has_names: true };
/// Both 0 and 7 are Sunday.
const WEEKDAY: Kind = Kind { name: "day of the week", min: 0, max: 7, has_last: true, has_names: true };

/// The values of a parsed field.
#[derive(Default)]
struct Held {
    plain: Values,
    /// Values with an `L` after them.
    last: Values,
    /// The number of values in the list.
    count: usize,
}

impl Kind {
    fn values(&self, field: &str, random: &mut Random) -> Result<Held, String> {
        // Each field takes one number, even if it needs none, so that a seed gives the same values as in Node.
        let chance = random.next();
        let field = if self.has_names { names(field)? } else { field.to_owned() };
        let brackets = field.contains("H(");
        if let Some(other) = field.chars().find(|char| !self.takes(*char, brackets)) {
            return Err(self.fault(format!("`{other}` has no meaning here")));
        }
        let field = field.replace(['*', '?'], &format!("{}-{}", self.min, self.max));
        let field = self.hashed(&field, chance)?;
        let mut held = Held::default();
        for atom in field.split(',') {
            if held.count > MOST_VALUES {
                return Err(self.fault(format!("more than {MOST_VALUES} values")));
            }
            self.atom(atom, &mut held)?;
        }
        Ok(held)
    }

    fn takes(&self, char: char, brackets: bool) -> bool {
        match char {
            '0'..='9' | '?' | ',' | '*' | 'H' | '/' | '-' => true,
            'L' => self.has_last,
            '(' | ')' => brackets,
            _ => false,
        }
    }

    fn fault(&self, reason: impl std::fmt::Display) -> String {
        format!("{}: {reason}", self.name)
    }

    /// Parses one entry of a list: a value, a range, or either with a step.
    fn atom(&self, atom: &str, held: &mut Held) -> Result<(), String> {
        let parts: Vec<&str> = atom.split('/').collect();
        let (range, step) = match parts[..] {
            [""] => return Err(self.fault("an entry of the list is empty")),
            [value] if !value.contains('-') => return self.value(value, held),
            [range] => (range.to_owned(), 1.0),
            [range, step] if range.contains('-') => (range.to_owned(), leading_number(step)),
            [from, step] => (format!("{from}-{}", self.max), leading_number(step)),
            _ => return Err(self.fault(format!("`{atom}` has two steps"))),
        };
        let mut ends = range.split('-').map(leading_number);
        let (Some(min), Some(max)) = (ends.next(), ends.next()) else { return Err(self.fault("no range")) };
        // Also false if one of them is not a number.
        let in_order = f64::from(self.min) <= min && min <= max && max <= f64::from(self.max);
        if !in_order {
            return Err(self.fault(format!("`{atom}` is no range from {} to {}", self.min, self.max)));
        }
        if step.is_nan() || step <= 0.0 {
            return Err(self.fault(format!("`{atom}` has no step")));
        }
        let mut value = min;
        while value <= max {
            self.add(value, held);
            value += step;
        }
        Ok(())
    }

    fn value(&self, text: &str, held: &mut Held) -> Result<(), String> {
        let wrong = || self.fault(format!("`{text}` is no value from {} to {}", self.min, self.max));
        if let Some(digits) = text.strip_suffix('L') {
            return self.last(digits, held).ok_or_else(wrong);
        }
        let value = Some(text).filter(|text| is_digits(text)).and_then(|text| text.parse::<f64>().ok());
        let value = value.filter(|value| (f64::from(self.min)..=f64::from(self.max)).contains(value));
        self.add(value.ok_or_else(wrong)?, held);
        Ok(())
    }

    /// `L`: the last day of the month, or the last such day of the week. The last day of the month is detected in the
    /// field's text.
    fn last(&self, digits: &str, held: &mut Held) -> Option<()> {
        if !self.has_last || digits.len() > 2 || !(digits.is_empty() || is_digits(digits)) {
            return None;
        }
        held.count += 1;
        if self.has_names {
            // `cron-parser` uses the first digit.
            held.last.add(digits.chars().next()?.to_digit(10)? % 7);
        }
        Some(())
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // from 0 to 59
    fn add(&self, value: f64, held: &mut Held) {
        held.count += 1;
        let value = value as u32;
        // Only the day of the week has a second number, 7, for its first value.
        held.plain.add(if self.max == WEEKDAY.max { value % 7 } else { value });
    }

    /// Replaces each `H`, `H(a-b)`, `H/step` and `H(a-b)/step` by values derived from `chance`.
    fn hashed(&self, field: &str, chance: f64) -> Result<String, String> {
        let mut left = field;
        let mut replaced = String::with_capacity(field.len());
        let mut count = 0.0;
        while let Some((before, after)) = left.split_once('H') {
            replaced.push_str(before);
            let (range, after) = match hash_range(after) {
                Some((range, after)) => (self.clamp(range)?, after),
                None => ((self.min, self.max), after),
            };
            let (step, after) = hash_step(after);
            match step {
                None => replaced.push_str(&pick(chance, range).to_string()),
                Some(step) if step > 0.0 => {
                    count += (f64::from(range.1 - range.0 + 1) / step).ceil();
                    if count > MOST_VALUES as f64 {
                        return Err(self.fault(format!("more than {MOST_VALUES} values")));
                    }
                    replaced.push_str(&pick_each(chance, range, step));
                }
                Some(_) => return Err(self.fault("a step of 0")),
            }
            left = after;
        }
        replaced.push_str(left);
        Ok(replaced)
    }

    /// The part of a range that is valid for the field.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to the field's bounds
    fn clamp(&self, (min, max): (f64, f64)) -> Result<(u32, u32), String> {
        let (low, high) = (min.max(f64::from(self.min)), max.min(f64::from(self.max)));
        match min <= max && low <= high {
            true => Ok((low as u32, high as u32)),
            false => Err(self.fault(format!("`H({min}-{max})` has no value from {} to {}", self.min, self.max))),
        }
    }
}

/// Replaces the names of months and days of the week by numbers. Both are accepted in either field.
fn names(field: &str) -> Result<String, String> {
    let mut replaced = String::with_capacity(field.len());
    let mut left = field;
    while let Some(char) = left.chars().next() {
        let word = left.get(..3).filter(|word| word.bytes().all(|byte| byte.is_ascii_alphabetic()));
        let Some(word) = word else {
            replaced.push(char);
            left = &left[char.len_utf8()..];
            continue;
        };
        let place = |names: &[&str]| names.iter().position(|name| word.eq_ignore_ascii_case(name));
        let number = place(&MONTHS).map(|place| place + 1).or_else(|| place(&DAYS));
        let number = number.ok_or_else(|| format!("`{word}` is no month and no day of the week"))?;
        replaced.push_str(&number.to_string());
        left = &left[3..];
    }
    Ok(replaced)
}

/// Parses `(a-b)`, and returns the rest of the text.
fn hash_range(text: &str) -> Option<((f64, f64), &str)> {
    let (range, rest) = text.strip_prefix('(')?.split_once(')')?;
    let (min, max) = range.split_once('-')?;
    let number = |digits: &str| is_digits(digits).then(|| digits.parse().ok()).flatten();
    Some(((number(min)?, number(max)?), rest))
}

/// Parses an optional `/step`, and returns the rest of the text.
fn hash_step(text: &str) -> (Option<f64>, &str) {
    let Some(digits) = text.strip_prefix('/') else { return (None, text) };
    let end = digits.find(|char: char| !char.is_ascii_digit()).unwrap_or(digits.len());
    if end == 0 {
        return (None, text);
    }
    (digits[..end].parse().ok(), &digits[end..])
}

/// One value of a range, selected by `chance`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the range
fn pick(chance: f64, (min, max): (u32, u32)) -> u32 {
    (chance * f64::from(max - min + 1)).floor() as u32 + min
}

/// All values of a range at a distance of `step`, with an offset selected by `chance`. If the step is longer than the
/// range, the result is one value of the range.
fn pick_each(chance: f64, (min, max): (u32, u32), step: f64) -> String {
    let mut value = (f64::from(min) / step).floor() * step + (chance * step).floor();
    let mut values = Vec::new();
    while value <= f64::from(max) {
        if value >= f64::from(min) {
            values.push(value.to_string());
        }
        value += step;
    }
    if values.is_empty() { pick(chance, (min, max)).to_string() } else { values.join(",") }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number at the start of a text, as JavaScript's `parseInt` reads it. NaN if there is none.
fn leading_number(text: &str) -> f64 {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().unwrap_or(f64::NAN)
}
