//! Hostile JavaScript. It runs in the engine's interpreter, which is part of the component: what protects the host from
//! a component protects it from a bundle.

use serde_json::json;
use toril_tests::toril::{engine_cache, javascript};
use toril_tests::wait::LONG;
use toril_tests::wait_until;

use crate::case::Case;
use crate::ring::Ring;

/// A host of a plugin from one module.
async fn ring(source: &str, config: &str) -> Ring {
    Ring::with(&javascript(source).await, config, |toril| toril.cache(engine_cache())).await
}

/// Runs one job, which fails.
async fn fails(case: &Case, source: &str, config: &str) {
    let mut ring = ring(source, config).await;
    case.was_seen(&ring.failure("job", json!(null)).await);
    ring.assert_unaffected().await;
}

/// Runs one job, whose result shows that the plugin could handle the error.
async fn is_caught(case: &Case, source: &str, config: &str) {
    let mut ring = ring(source, config).await;
    let job = ring.job("job", json!(null)).await;
    case.was_seen(job["returnvalue"].as_str().unwrap_or(&job.to_string()));
    ring.assert_unaffected().await;
}

const HASTY: &str = "timeout = \"1s\"";
const SMALL: &str = "[plugins.hostile]\nmemory = \"16MiB\"";

pub async fn a_regular_expression_that_explodes(case: &Case) {
    fails(case, "export const handle = () => /^(a+)+$/.test('a'.repeat(64) + 'b');", HASTY).await;
}

pub async fn promises_in_a_circle(case: &Case) {
    fails(case, "export async function handle() { for (;;) await null; }", HASTY).await;
}

pub async fn promises_without_number(case: &Case) {
    let source = "const all = [];\nexport function handle() { for (;;) all.push(new Promise(() => {})); }";
    fails(case, source, SMALL).await;
}

pub async fn timers_without_number(case: &Case) {
    fails(case, "export function handle() { for (;;) setTimeout(() => {}, 60_000); }", SMALL).await;
}

pub async fn deep_recursion(case: &Case) {
    let source = "const deeper = () => deeper() + 1;\n\
                  export function handle() { try { return deeper(); } catch (error) { return String(error); } }";
    is_caught(case, source, "").await;
}

/// Each of these makes functions of the engine call each other, without a function of the plugin in between. Some end
/// with an error in JavaScript, and some with the attempt.
pub async fn deep_recursion_in_the_engine(case: &Case) {
    const ATTACKS: usize = 10;
    let source = "
        const repeated = (step, value) => { for (let i = 0; i < 200_000; i += 1) value = step(value); return value; };
        const nested = () => repeated((value) => [value], []);
        const attacks = [
          () => JSON.stringify(nested()),
          () => String(nested()),
          () => nested().flat(Infinity),
          () => structuredClone(nested()),
          () => JSON.parse('['.repeat(200_000)),
          () => new RegExp('('.repeat(200_000)),
          () => new Function('return ' + '('.repeat(200_000)),
          () => repeated((value) => new Proxy(value, {}), {}).property,
          () => repeated((value) => value.bind(null), () => 1)(),
          () => { const error = new Error(); error.cause = error; console.log(error); },
        ];
        export const handle = ({ data }) => { try { return attacks[data](); } catch (error) { return String(error); } };";
    let mut ring = ring(source, "").await;
    for attack in 0..ATTACKS {
        let ended = ring.job("job", json!(attack)).await;
        assert!(["completed", "failed"].iter().any(|state| ended["state"] == *state), "{attack}: {ended}");
    }
    case.was_seen(&format!("{ATTACKS} attacks, and jobs of the other queue complete"));
    ring.assert_unaffected().await;
}

pub async fn a_giant_string(case: &Case) {
    let source = "export function handle() {
                    let text = 'x';
                    try { for (;;) text += text; } catch (error) { return String(error); }
                  }";
    is_caught(case, source, SMALL).await;
}

pub async fn a_changed_prototype(case: &Case) {
    const SOURCE: &str = "export function handle() {
                            const before = {}.polluted;
                            Object.prototype.polluted = 'polluted';
                            return before ?? 'clean';
                          }";
    let seen = async |config: &str| {
        let mut ring = ring(SOURCE, config).await;
        let first = ring.job("job", json!(null)).await["returnvalue"].clone();
        let second = ring.job("job", json!(null)).await["returnvalue"].clone();
        ring.assert_unaffected().await;
        format!("{} and {}", first.as_str().unwrap_or("?"), second.as_str().unwrap_or("?"))
    };
    let (alone, reused) = (seen("").await, seen("[plugins.hostile]\nisolation = \"reuse\"").await);
    case.was_seen(&format!("{alone}, with `reuse` {reused}"));
}

/// The next jobs may fail, but only until one has failed.
pub async fn broken_builtins(case: &Case) {
    let source = "export const jobs = {
                    break: { handle() {
                      const refuse = () => { throw new Error('broken'); };
                      for (const [object, names] of [[Promise.prototype, ['then']], [JSON, ['parse', 'stringify']],
                        [Array.prototype, ['map', 'push', Symbol.iterator]], [Object, ['keys', 'hasOwn', 'entries']]]) {
                        for (const name of names) object[name] = refuse;
                      }
                      return 1;
                    } },
                    work: { handle: async ({ data }) => [data, [1].map((one) => one + 1), JSON.stringify({ a: 1 })] },
                  };";
    let mut ring = ring(source, "[plugins.hostile]\nisolation = \"reuse\"").await;
    ring.job("break", json!(null)).await;
    let mut failed = 0;
    let result = loop {
        let job = ring.job("work", json!("hello")).await;
        if job["state"] == "completed" {
            break job["returnvalue"].clone();
        }
        failed += 1;
        assert!(failed < 3, "{job}");
    };
    case.was_seen(&format!("{result} after at most one failed job: {}", failed <= 1));
    ring.assert_unaffected().await;
}

/// The places of all bytes of the component's memory, which is that of its snapshot.
fn snapshot(component: &[u8]) -> Vec<usize> {
    let data = |payload| match payload {
        Ok(wasmparser::Payload::DataSection(reader)) => Some(reader),
        _ => None,
    };
    let sections = wasmparser::Parser::new(0).parse_all(component).filter_map(data);
    let pieces = sections.flat_map(|section| section.into_iter().filter_map(Result::ok));
    let places = |piece: wasmparser::Data<'_>| {
        let end = piece.range.end;
        end - piece.data.len()..end
    };
    let places: Vec<_> = pieces.flat_map(places).collect();
    assert!(places.len() > 100_000, "a component of the engine has much data");
    places
}

pub async fn an_erased_snapshot(case: &Case) {
    let mut plugin = javascript("export const handle = () => 'fine';").await;
    let mut ring = Ring::with(&plugin, "", |toril| toril.cache(engine_cache())).await;
    for place in snapshot(&plugin) {
        plugin[place] = 0xFF;
    }
    case.was_seen(&ring.refusal(&plugin).await);
    ring.assert_unaffected().await;
}

/// How often the host has loaded or refused a file.
fn loads(ring: &Ring) -> usize {
    ring.toril
        .logs()
        .lines()
        .filter(|line| line.contains("plugin reloaded") || line.contains("plugin not reloaded"))
        .count()
}

/// Changes single bytes: of objects, of bytecode, of the allocator's lists. The engine may do anything with them within
/// its memory, and whatever an attempt ends with is that attempt's outcome.
pub async fn a_changed_snapshot(case: &Case) {
    const TIMES: u64 = 12;
    const CHANGES: usize = 100;
    let plugin = javascript("export const handle = ({ data }) => JSON.stringify([data, new Map([[1, 2]])]);").await;
    let places = snapshot(&plugin);
    let mut ring = Ring::with(&plugin, "timeout = \"2s\"", |toril| toril.cache(engine_cache())).await;
    for seed in 0..TIMES {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut changed = plugin.clone();
        for _ in 0..CHANGES {
            changed[places[random.usize(..places.len())]] ^= random.u8(1..);
        }
        let before = loads(&ring);
        ring.toril.replace_plugin("hostile", &changed);
        wait_until("the host to load or refuse the file", LONG, async || (loads(&ring) > before).then_some(())).await;
        let ended = ring.job("job", json!(seed)).await;
        assert!(["completed", "failed"].iter().any(|state| ended["state"] == *state), "{ended}");
    }
    case.was_seen(&format!("{TIMES} changed components, and jobs of the other queue complete"));
    ring.assert_unaffected().await;
}
