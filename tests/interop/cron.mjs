// Next times of cron patterns, computed by BullMQ's own repeat strategy, which uses cron-parser.
//
// Argument: {"seed": N, "random": COUNT, "every": M}. Result: {"cases": [{pattern, from, tz?, startDate?, endDate?,
// hashSeed?, times}]}: every Mth of the documented cases, then COUNT random cases from the seed. `times` is null if
// the pattern is invalid. Cases without `tz` use the time zone of the process.
//
// host/crates/cron/src/vectors.json is the result for {"seed": 1, "random": 150, "every": 7} with TZ=UTC.

import { defaultRepeatStrategy } from 'bullmq';
import { script } from './script.mjs';

const TIMES = 5;

/// Patterns of cron-parser's documentation and tests, and additional ones with a special meaning.
const PATTERNS = [
  '* * * * *', '* * * * * *', '*/5 * * * *', '0/2 * * * * *', '5/15 * * * *', '5/15 * * * * *', '1-59/2 * * * *', '0 0 * * *',
  '30 2 * * *', '30 2,3 * * *', '15 1-3 * * *', '0 1 * * *', '0 3 * * *', '0 */3 * * *', '59 59 23 * * *', '0 12 * * ?',
  '0 0 1 1 *', '0 0 29 2 *', '0 0 30 2 *', '0 0 31 * *', '0 0 31 2,4 *', '0 0 13 * 5', '0 0 1,15 * 3', '0 9 * * 1-5', '0 9 * * MON-FRI',
  '0 9 * JAN,jul Sun', '0 0 * * 7', '0 0 * * 0', '0 0 * * 5-7', '0 0 * * 6,0', '0 0 * * */2', '0 0 * * 1/2', '0 0 L * *', '0 0 L 2 *',
  '0 0 L * 1', '0 0 15,L * *', '0 0 * * 5L', '0 0 * * 1L,5L', '0 0 * * friL', '0 0 * * 1,5L', '0 0 L * 4#1', '0 0 * * 5#3', '0 0 * * MON#2',
  '0 0 * * 0#5', '0 0 1 * 5#1', '0 0 */1 * 1', '0 0 ? * 1', '0 0 1 * ?', '* * *', '5', '* 5', '3 * * 5', '@yearly', '@annually', '@monthly', '@weekly', '@daily',
  '@hourly', '@minutely', '@secondly', '@weekdays', '@weekends', 'H * * * *', 'H H * * *', 'H/15 * * * *', 'H(10-20) * * * *',
  'H(0-29)/10 * * * *', 'H H(9-17) * * H(1-5)', 'H H H H H', 'H H H H * *', 'H/90 * * * *', '* H/7,5 * * * *', '  0   0 * * *  ', '1,2,3-5,10-30/7 * * * *',
  '1-5-9 * * * *', '0 0 1-31/10 * *', '0 24 * * *', '60 * * * *', '* * 0 * *', '* * * 13 *', '* * * * 8', '5-1 * * * *', '*/0 * * * *', '/5 * * * *',
  '5, * * * *', '-5 * * * *', 'a * * * *', '* * * * * * *', '* * * FOO *', '0 0 * * L', '0 0 * * 5#6', '0 0 * * 1,5#2', '1/2/3 * * * *', '@never', '@Daily',
  '0 0 W * *', '0 0 15W * *', '0 0 L-2 * *', '0 0 31 4 *', '0 0 31 4 1', '0 0 5L * *', '@reboot',
];
const ZONES = [undefined, 'UTC', 'Europe/Madrid', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'America/Sao_Paulo',
  'Africa/Cairo', 'America/Havana', 'Pacific/Apia', 'Asia/Beirut', 'America/St_Johns', 'UTC+5:30'];
/// Ordinary days, and days on which the clocks change somewhere.
const STARTS = ['2026-01-15T10:20:30.400Z', '2026-03-28T23:30:00Z', '2026-03-08T05:59:59Z', '2026-10-25T00:10:00Z', '2026-11-01T04:30:00Z',
  '2024-02-28T23:59:59.999Z', '2026-04-04T14:00:00Z', '2026-10-03T15:20:00Z', '2018-11-03T20:00:00Z', '2018-02-17T23:00:00Z',
  '2026-04-23T20:00:00Z', '2026-10-29T19:00:00Z', '2011-12-29T09:00:00Z', '2026-12-31T23:59:00Z'].map((text) => Date.parse(text));

/// Random numbers from 0 up to 1, which depend on the seed only.
function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function maker(seed) {
  const next = chance(seed);
  const below = (count) => Math.floor(next() * count);
  const pick = (list) => list[below(list.length)];
  const value = (min, max) => min + below(max - min + 1);
  const atom = (min, max) => {
    const [a, b] = [value(min, max), value(min, max)].sort((x, y) => x - y);
    return pick(['*', '*', '*', `${a}`, `${a}`, `${a}-${b}`, `*/${value(1, max)}`, `${a}/${value(1, max)}`, `${a}-${b}/${value(1, 9)}`, 'H', `H/${value(1, max)}`, `H(${a}-${b})`, `H(${a}-${b})/${value(1, 9)}`]);
  };
  const list = (min, max) => Array.from({ length: pick([1, 1, 1, 1, 1, 1, 1, 1, 2, 3]) }, () => atom(min, max)).join(',');
  const month = () => pick([() => '*', () => list(1, 12), () => pick(['JAN', 'feb', 'mar-JUN', 'dec,oct'])])();
  const day = () => pick([() => '*', () => '?', () => list(1, 31), () => `${pick(['', '1,', '10-12,'])}L`])();
  const weekday = () => pick([() => '*', () => '?', () => list(0, 7), () => `${value(0, 7)}L`, () => `${value(0, 7)}#${value(1, 5)}`, () => pick(['MON-FRI', 'sat,SUN', 'tue'])])();
  return () => {
    const fields = [list(0, 59), list(0, 59), list(0, 23), day(), month(), weekday()];
    const pattern = fields.slice(pick([0, 1, 1, 1, 2])).join(' ');
    const from = pick(STARTS) + value(-86_400_000, 86_400_000);
    const made = { pattern, from, tz: pick(ZONES), hashSeed: pick(['seed', 'my-job', 'é😀', `${below(1000)}`]) };
    if (next() < 0.1) made.startDate = from + value(-1e9, 1e9);
    if (next() < 0.1) made.endDate = from + value(-1e8, 1e9);
    return made;
  };
}

function documented() {
  return PATTERNS.flatMap((pattern, place) =>
    ZONES.flatMap((tz, zone) => {
      const from = [STARTS[(place + zone) % STARTS.length]];
      // All starts if the pattern sets the hour, because then clock changes matter.
      const starts = /^(30|15|0) (\*\/)?[123]/.test(pattern) ? STARTS : from;
      return starts.map((from) => ({ pattern, from, tz, hashSeed: 'toril' }));
    }),
  );
}

function times({ pattern, from, ...options }) {
  const found = [];
  for (let at = from; found.length < TIMES; ) {
    try {
      at = defaultRepeatStrategy(at, { pattern, ...options });
    } catch {
      return null;
    }
    if (at === undefined) break;
    found.push(at);
  }
  return found;
}

await script(async ({ seed, random, every = 1 }) => {
  const make = maker(seed);
  const some = documented().filter((_, place) => place % every === 0);
  const cases = [...some, ...Array.from({ length: random }, make)];
  return { cases: cases.map((made) => ({ ...made, times: times(made) })) };
});
