// Turns a time into the parts of a pattern.
import { zoneName } from './zone-names.js';
import { zone } from './zones.js';

const WIDTHS = { 3: 'short', 4: 'long', 5: 'narrow' };
const widthOf = (letters) => WIDTHS[Math.max(3, letters.length)];

const TYPES = {
  G: 'era', y: 'year', M: 'month', L: 'month', d: 'day', E: 'weekday', c: 'weekday', a: 'dayPeriod', B: 'dayPeriod',
  H: 'hour', h: 'hour', K: 'hour', k: 'hour', m: 'minute', s: 'second', S: 'fractionalSecond', z: 'timeZoneName', O: 'timeZoneName', v: 'timeZoneName',
};
export const typeOf = (letters) => TYPES[letters[0]];

const pad = (number, length) => String(number).padStart(length, '0');

const texts = {
  G: (at, letters, { eras }) => eras[widthOf(letters)][at.date.getUTCFullYear() > 0 ? 1 : 0],
  y: (at, letters) => {
    const year = at.date.getUTCFullYear();
    const ofEra = year > 0 ? year : 1 - year;
    return letters.length === 2 ? pad(ofEra % 100, 2) : pad(ofEra, letters.length);
  },
  M: (at, letters, { months }) => monthText(at, letters, months.format),
  L: (at, letters, { months }) => monthText(at, letters, months['stand-alone']),
  d: (at, letters) => pad(at.date.getUTCDate(), letters.length),
  E: (at, letters, { days }) => days.format[widthOf(letters)][at.date.getUTCDay()],
  c: (at, letters, { days }) => days['stand-alone'][widthOf(letters)][at.date.getUTCDay()],
  a: (at, letters, { dayPeriods }) => dayPeriods[widthOf(letters)][at.date.getUTCHours() < 12 ? 'am' : 'pm'],
  B: (at, letters, data) => dayPeriod(at, data, data.dayPeriods[widthOf(letters)]),
  H: (at, letters) => pad(at.date.getUTCHours(), letters.length),
  k: (at, letters) => pad(at.date.getUTCHours() || 24, letters.length),
  h: (at, letters) => pad(at.date.getUTCHours() % 12 || 12, letters.length),
  K: (at, letters) => pad(at.date.getUTCHours() % 12, letters.length),
  m: (at, letters) => pad(at.date.getUTCMinutes(), letters.length),
  s: (at, letters) => pad(at.date.getUTCSeconds(), letters.length),
  S: (at, letters) => pad(at.date.getUTCMilliseconds(), 3).slice(0, letters.length),
  z: zoneText,
  O: zoneText,
  v: zoneText,
};

function monthText(at, letters, names) {
  const month = at.date.getUTCMonth();
  return letters.length < 3 ? pad(month + 1, letters.length) : names[widthOf(letters)][month];
}

function zoneText(at, letters, { zones }) {
  return zoneName(zones, at.zone, at.time, letters);
}

function dayPeriod({ date, has }, { dayPeriodRules }, names) {
  const hour = date.getUTCHours();
  const isWhole = !(has.m && date.getUTCMinutes() > 0) && !(has.s && date.getUTCSeconds() > 0);
  if (hour === 12 && isWhole && names.noon !== undefined) return names.noon;
  return names[dayPeriodRules.find(([, from, before]) => (from < before ? hour >= from && hour < before : hour >= from || hour < before))[0]];
}

/** The largest time that a date has. */
export const LIMIT = 8.64e15;

/** A date whose parts in UTC are those of a time in a zone. At the limits of time, there is none beyond them. */
export const localDate = (time, zoneId) => new Date(Math.max(-LIMIT, Math.min(LIMIT, time + zone(zoneId).at(time).offset)));

/** The parts of a time in a zone. `items` are those of a parsed pattern. */
export function partsOf(items, time, zoneId, data) {
  const date = localDate(time, zoneId);
  const has = {};
  for (const { field } of items) if (field !== undefined) has[field[0]] = true;
  const at = { time, date, zone: zoneId, has };
  const parts = [];
  for (const { field, literal } of items) {
    if (field === undefined) addLiteral(parts, literal);
    else parts.push({ type: TYPES[field[0]], value: texts[field[0]](at, field, data) });
  }
  return parts;
}

function addLiteral(parts, value) {
  const last = parts.at(-1);
  if (last?.type === 'literal') last.value += value;
  else parts.push({ type: 'literal', value });
}
