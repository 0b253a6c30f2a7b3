//! Runs fuzz targets on the inputs of `fuzz/corpus`, without a fuzzer. Only unit tests use this crate. Each crate
//! with fuzz targets has them in a module `fuzz`.

#![warn(missing_docs)]
#![allow(clippy::expect_used)]

use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs};

/// A fuzz target: its name in `fuzz/fuzz_targets`, and its function.
pub type Target = (&'static str, fn(&[u8]));

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let inputs: Vec<_> = entries.map(|entry| fs::read(entry.expect("an entry").path()).expect("an input")).collect();
    assert!(!inputs.is_empty(), "{} is empty", folder.display());
    inputs
}

/// Runs a target on its inputs, on truncated inputs, and on inputs with one changed byte.
fn hold_each(target: fn(&[u8]), inputs: &[Vec<u8>]) {
    for input in inputs {
        target(input);
        let step = input.len() / 64 + 1;
        for place in (0..input.len()).step_by(step) {
            target(&input[..place]);
            let mut changed = input.clone();
            changed[place] ^= 1 << (place % 8);
            target(&changed);
        }
    }
}

/// Runs each target on its inputs in `fuzz/corpus` and on small mutations of them.
pub fn hold(targets: &[Target]) {
    for (name, target) in targets {
        hold_each(*target, &corpus(name));
    }
}

/// A mutated input: cut, joined with others, repeated, or with some bytes replaced.
fn made(dice: &mut fastrand::Rng, inputs: &[Vec<u8>]) -> Vec<u8> {
    let mut input = inputs[dice.usize(..inputs.len())].clone();
    for _ in 0..=dice.usize(..6) {
        let place = dice.usize(..=input.len());
        match dice.u8(..7) {
            0 => input.truncate(place),
            1 => input.insert(place, dice.u8(..)),
            2 if place < input.len() => input[place] ^= 1 << dice.u8(..8),
            3 if place < input.len() => drop(input.remove(place)),
            4 => {
                let other = &inputs[dice.usize(..inputs.len())];
                let (from, to) = (dice.usize(..=other.len()), dice.usize(..=other.len()));
                input.splice(place..place, other[from.min(to)..from.max(to)].iter().copied());
            }
            5 => {
                const WORDS: [&[u8]; 12] = [
                    b"\"",
                    b"{",
                    b"[",
                    b"null",
                    b"-1",
                    b"1e309",
                    b"18446744073709551616",
                    b"\\u0000",
                    b"\n",
                    b"%2F",
                    b"<script",
                    "\u{202e}\u{10ffff}".as_bytes(),
                ];
                input.splice(place..place, WORDS[dice.usize(..WORDS.len())].iter().copied());
            }
            _ => {
                let part = input[place..].iter().take(64).copied().collect::<Vec<_>>();
                (0..dice.usize(..20)).for_each(|_| input.extend_from_slice(&part));
            }
        }
        input.truncate(64 * 1024);
    }
    input
}

/// Runs each target for `TORIL_FUZZ_SECONDS`; `cargo xtask fuzz --plain` calls this. It is not guided by coverage.
pub fn drive(targets: &[Target]) {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("TORIL_FUZZ_SECONDS").unwrap_or(60);
    let seed = number("TORIL_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("TORIL_SEED={seed}");
    for (name, target) in targets {
        let (mut dice, inputs) = (fastrand::Rng::with_seed(seed), corpus(name));
        let (mut runs, mut slowest) = (0_u64, Duration::ZERO);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(seconds) {
            let input = made(&mut dice, &inputs);
            let started = Instant::now();
            if std::panic::catch_unwind(|| target(&input)).is_err() {
                panic!("{name}: input {runs} of seed {seed} fails: {:?}", String::from_utf8_lossy(&input));
            }
            slowest = slowest.max(started.elapsed());
            runs += 1;
        }
        println!("{name}: {runs} runs in {seconds} s, the slowest {slowest:?}");
        assert!(slowest < Duration::from_secs(20), "{name}: an input takes {slowest:?}");
    }
}
