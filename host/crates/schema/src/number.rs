//! JSON numbers. `1` and `1.0` are equal, and comparisons lose no digit of the stored numbers.

use std::cmp::Ordering;

use serde_json::Number;

/// Doubles from this magnitude on are not converted to an `i128`.
const LARGE: f64 = 1e38;

/// A number.
#[derive(Clone, Copy, Debug)]
pub enum Num {
    /// An integer.
    Whole(i128),
    /// A number that is not an integer, or one that is too large for `Whole`.
    Double(f64),
}

impl Num {
    /// Converts a number of a document.
    pub fn new(number: &Number) -> Self {
        if let Some(whole) = number.as_i64() {
            return Self::Whole(whole.into());
        }
        if let Some(whole) = number.as_u64() {
            return Self::Whole(whole.into());
        }
        // The parser accepts no number that is neither a 64-bit integer nor a double, so `NAN` does not occur.
        let double = number.as_f64().unwrap_or(f64::NAN);
        if double.fract() == 0.0 && double.abs() < LARGE {
            #[allow(clippy::cast_possible_truncation, reason = "it is whole, and within the bounds")]
            return Self::Whole(double as i128);
        }
        Self::Double(double)
    }

    /// Whether the number is an integer.
    pub fn is_whole(self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Double(double) => double.fract() == 0.0,
        }
    }

    /// Compares two numbers by value.
    pub fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => one.cmp(&other),
            (Self::Double(one), Self::Double(other)) => one.total_cmp(&other),
            (Self::Whole(one), Self::Double(other)) => whole_and_double(one, other),
            (Self::Double(one), Self::Whole(other)) => whole_and_double(other, one).reverse(),
        }
    }

    /// Whether this is a multiple of `other` in decimal arithmetic: 0.3 is a multiple of 0.1.
    pub fn is_multiple_of(self, other: Self) -> bool {
        if let (Self::Whole(one), Self::Whole(other)) = (self, other) {
            return other != 0 && one % other == 0;
        }
        is_decimal_multiple(decimal(self), decimal(other))
    }

    /// The budget steps that [`Num::is_multiple_of`] costs: decimals are divided digit by digit.
    pub fn steps_of_multiple(self, other: Self) -> u64 {
        if matches!((self, other), (Self::Whole(_), Self::Whole(_))) { 1 } else { 100 }
    }

    /// Bits that are equal for equal numbers.
    pub fn bits(self) -> u128 {
        match self {
            Self::Whole(whole) => whole.cast_unsigned(),
            Self::Double(double) => double.to_bits().into(),
        }
    }
}

/// Compares an integer with a double that is not an integer, or too large for one.
fn whole_and_double(whole: i128, double: f64) -> Ordering {
    if double.abs() >= LARGE {
        return if double > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    #[allow(clippy::cast_possible_truncation, reason = "it is within the bounds")]
    let floor = double.floor() as i128;
    if whole <= floor { Ordering::Less } else { Ordering::Greater }
}

/// The decimal digits of a number and its power of ten.
fn decimal(number: Num) -> (u128, i32) {
    match number {
        Num::Whole(whole) => (whole.unsigned_abs(), 0),
        Num::Double(double) => {
            // The shortest decimal representation of this double: "1.5e-7".
            let text = format!("{:e}", double.abs());
            let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
            let power = power.parse::<i32>().unwrap_or(0) - i32::try_from(fraction.len()).unwrap_or(0);
            (format!("{whole}{fraction}").parse().unwrap_or(0), power)
        }
    }
}

fn is_decimal_multiple((mut digits, mut power): (u128, i32), (mut by, mut by_power): (u128, i32)) -> bool {
    if by == 0 {
        return false;
    }
    if digits == 0 {
        return true;
    }
    // Without trailing zeros, both are small enough to be multiplied.
    while digits % 10 == 0 {
        (digits, power) = (digits / 10, power + 1);
    }
    while by % 10 == 0 {
        (by, by_power) = (by / 10, by_power + 1);
    }
    if by_power > power {
        // The number has a decimal place that no multiple has.
        return false;
    }
    let mut rest = digits % by;
    for _ in by_power..power {
        if rest == 0 {
            return true;
        }
        let Some(next) = rest.checked_mul(10) else { return false };
        rest = next % by;
    }
    rest == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn num(text: &str) -> Num {
        Num::new(&serde_json::from_str(text).expect("a number"))
    }

    #[test]
    fn numbers_are_compared_exactly() {
        for (one, order, other) in [
            ("1", Ordering::Equal, "1.0"),
            ("9007199254740993", Ordering::Greater, "9007199254740992.0"),
            ("18446744073709551615", Ordering::Less, "18446744073709551616"),
            ("1", Ordering::Less, "1.5"),
            ("2", Ordering::Greater, "1.5"),
            ("-2", Ordering::Less, "-1.5"),
            ("5", Ordering::Less, "1e300"),
            ("5", Ordering::Greater, "-1e300"),
            ("-0.0", Ordering::Equal, "0"),
        ] {
            assert_eq!(num(one).compare(num(other)), order, "{one} {other}");
            assert_eq!(num(other).compare(num(one)), order.reverse(), "{other} {one}");
        }
    }

    #[test]
    fn multiples_are_decimal() {
        for (number, by, is) in [
            ("9", "3", true),
            ("10", "3", false),
            ("0.3", "0.1", true),
            ("19.99", "0.01", true),
            ("0.00751", "0.0001", false),
            ("4.5", "1.5", true),
            ("35", "1.5", false),
            ("1e308", "0.5", true),
            ("1e308", "0.123456789", false),
            ("0", "1e-300", true),
            ("3", "20", false),
            ("100", "2.5", true),
            ("5", "0", false),
        ] {
            assert_eq!(num(number).is_multiple_of(num(by)), is, "{number} {by}");
        }
    }
}
