// Ranges of dates, such as "Jan 1 – 3, 2026": the algorithm of ICU's DateIntervalFormat.
import { DAY_PERIOD, HOUR, MONTH, COUNT, parsePattern, skeletonOf } from './fields.js';
import { localDate, partsOf, typeOf } from './format.js';

/** From the largest on: the letter of the patterns for it, and its value. */
const UNITS = [
  ['G', (date) => date.getUTCFullYear() > 0],
  ['y', (date) => date.getUTCFullYear()],
  ['M', (date) => date.getUTCMonth()],
  ['d', (date) => date.getUTCDate()],
  ['a', (date) => date.getUTCHours() < 12],
  ['H', (date) => date.getUTCHours()],
  ['m', (date) => date.getUTCMinutes()],
  ['s', (date) => date.getUTCSeconds()],
  ['S', (date) => date.getUTCMilliseconds()],
];
const DATE_UNITS = 'GyMd';
const TIME_LETTERS = 'abBhHkKmsSzOv';

/** The parts of a range. Each says whether it is of the start, of the end, or of both. */
export function rangePartsOf(resolved, start, end) {
  const { timeZone, of, items, skeleton, withCycle } = resolved;
  const [first, last] = [start, end].map((time) => localDate(time, timeZone));
  const unit = UNITS.find(([, valueOf]) => valueOf(first) !== valueOf(last))?.[0];
  const wholeOf = (list, time, source) => partsOf(list, time, timeZone, of.data).map((part) => ({ ...part, source }));
  if (unit === undefined || !isShown(unit, items)) return wholeOf(items, start, 'shared');
  const extended = extend(skeleton, unit);
  const pattern = extended === skeleton ? intervalPattern(resolved, skeleton, unit) : undefined;
  if (pattern !== undefined) return split(parsePattern(pattern), { start, end, timeZone, data: of.data });
  const shown = extended === skeleton ? items : parsePattern(withCycle(of.patterns.find(extended)));
  const whole = (time, source) => wholeOf(shown, time, source);
  const [before, between, after] = of.data.fallbackInterval.split(/\{[01]\}/);
  const literal = (value) => (value === '' ? [] : [{ type: 'literal', value, source: 'shared' }]);
  return shareLiterals([...literal(before), ...whole(start, 'startRange'), ...literal(between), ...whole(end, 'endRange'), ...literal(after)]);
}

/** The skeleton with the fields of a date that are needed to tell two times apart. */
function extend(skeleton, unit) {
  const at = DATE_UNITS.indexOf(unit);
  if (at === -1) return skeleton;
  if (!/[GyMdEc]/.test(skeleton)) return `${unit === 'G' ? 'G' : ''}yMd${skeleton}`;
  if (skeleton.includes(unit)) return skeleton;
  const missing = [...DATE_UNITS.slice(at)].filter((letter) => !skeleton.includes(letter));
  return missing.join('') + skeleton;
}

/** Whether two times that differ in a unit may look different. */
function isShown(unit, items) {
  const at = UNITS.findIndex(([letter]) => letter === unit);
  const shown = items.flatMap(({ field }) => (field === undefined ? [] : [UNIT_OF[field[0]] ?? -1]));
  return shown.some((one) => one >= at);
}
const UNIT_OF = { G: 0, y: 1, M: 2, L: 2, d: 3, E: 3, c: 3, a: 4, B: 4, h: 5, H: 5, k: 5, K: 5, m: 6, s: 7, S: 8 };

function intervalPattern({ of }, skeleton, unit) {
  const runs = skeleton.match(/([A-Za-z])\1*/g) ?? [];
  const date = runs.filter((run) => !TIME_LETTERS.includes(run[0])).join('');
  const time = runs.filter((run) => TIME_LETTERS.includes(run[0])).join('');
  if (time === '') return nearestInterval(of, date, unit);
  if (DATE_UNITS.includes(unit) || 'sS'.includes(unit)) return undefined;
  const pattern = nearestInterval(of, time, unit === 'H' && /[hK]/.test(time) ? 'h' : unit);
  if (pattern === undefined || date === '') return pattern;
  const month = /M+/.exec(date)?.[0].length ?? 0;
  const style = month === 4 ? (/E/.test(date) ? 'full' : 'long') : month === 3 ? 'medium' : 'short';
  return of.data.glue[style].replace('{1}', () => of.patterns.find(date)).replace('{0}', () => pattern);
}

/** The pattern of the nearest skeleton with the same fields. */
function nearestInterval({ data }, skeleton, unit) {
  const wanted = skeletonOf(skeleton);
  let best;
  let nearest = Infinity;
  for (const [name, patterns] of Object.entries(data.intervals)) {
    const known = skeletonOf(name);
    if (!sameFields(wanted, known)) continue;
    const distance = known.types.reduce((sum, type, field) => sum + Math.abs(type - wanted.types[field]), 0);
    if (distance < nearest) [best, nearest] = [{ patterns, known }, distance];
  }
  const pattern = best?.patterns[unit] ?? (unit === 'a' ? best?.patterns.h ?? best?.patterns.H : undefined);
  return pattern === undefined ? undefined : withLengths(pattern, best.known, wanted);
}

function sameFields(one, other) {
  for (let field = 0; field < COUNT; field += 1) if (field !== DAY_PERIOD && (one.texts[field] === '') !== (other.texts[field] === '')) return false;
  return one.texts[HOUR][0] === other.texts[HOUR][0];
}

/** Gives the fields of an interval's pattern the lengths that the wanted skeleton has, if they differ from the known one's. */
function withLengths(pattern, known, wanted) {
  return pattern.replace(/'[^']*'|([A-Za-z])\1*/g, (run, letter) => {
    const field = letter === undefined ? -1 : wanted.texts.findIndex((text) => text !== '' && sameLetter(text[0], letter));
    if (field === -1) return run;
    const [have, want] = [known.texts[field].length, wanted.texts[field].length];
    const crosses = field === MONTH && have < 3 !== want < 3;
    return have === want || crosses || run.length >= want ? run : letter.repeat(want);
  });
}

const sameLetter = (one, other) => one === other || ('ML'.includes(one) && 'ML'.includes(other)) || ('Ec'.includes(one) && 'Ec'.includes(other));

/** An interval's pattern has the fields of the start, and then those of the end from the first that repeats on. */
function split(items, { start, end, timeZone, data }) {
  const seen = new Set();
  let middle = items.length;
  for (const [at, { field }] of items.entries()) {
    if (field === undefined) continue;
    const type = typeOf(field);
    if (seen.has(type)) {
      middle = at;
      break;
    }
    seen.add(type);
  }
  const ofStart = items.slice(0, middle);
  const ofEnd = items.slice(middle);
  const types = (list) => new Set(list.flatMap(({ field }) => (field === undefined ? [] : [typeOf(field)])));
  const [atStart, atEnd] = [types(ofStart), types(ofEnd)];
  const one = (list, time, others, source) => partsOf(list, time, timeZone, data).map((part) => ({ ...part, source: others.has(part.type) ? source : 'shared' }));
  return shareLiterals([...one(ofStart, start, atEnd, 'startRange'), ...one(ofEnd, end, atStart, 'endRange')]);
}

/** A literal between two parts of the same source has that source. Others are shared, and joined. */
function shareLiterals(parts) {
  const shared = [];
  for (const [at, part] of parts.entries()) {
    if (part.type !== 'literal') {
      shared.push(part);
      continue;
    }
    const before = parts.slice(0, at).findLast(({ type }) => type !== 'literal');
    const after = parts.slice(at + 1).find(({ type }) => type !== 'literal');
    const source = before !== undefined && before.source === after?.source ? before.source : 'shared';
    const last = shared.at(-1);
    if (last?.type === 'literal' && last.source === source) last.value += part.value;
    else shared.push({ ...part, source });
  }
  return shared;
}
