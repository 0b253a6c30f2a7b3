// Turns the options of a formatter into a pattern.
import { readOption } from 'toril:runtime/intl';
import { joinPattern, parsePattern } from './fields.js';

const HOURS = { h11: 'K', h12: 'h', h23: 'H', h24: 'k' };

/** Option -> its values, each with the letters that ask for it, in the order in which V8 reads and lists them. */
const FIELDS = {
  weekday: { narrow: 'EEEEE', long: 'EEEE', short: 'EEE' },
  era: { narrow: 'GGGGG', long: 'GGGG', short: 'GGG' },
  year: { '2-digit': 'yy', numeric: 'y' },
  month: { narrow: 'MMMMM', long: 'MMMM', short: 'MMM', '2-digit': 'MM', numeric: 'M' },
  day: { '2-digit': 'dd', numeric: 'd' },
  dayPeriod: { narrow: 'BBBBB', long: 'BBBB', short: 'B' },
  hour: { '2-digit': 'HH', numeric: 'H' },
  minute: { '2-digit': 'mm', numeric: 'm' },
  second: { '2-digit': 'ss', numeric: 's' },
  fractionalSecondDigits: { 1: 'S', 2: 'SS', 3: 'SSS' },
  timeZoneName: { long: 'zzzz', short: 'z', longOffset: 'OOOO', shortOffset: 'O', longGeneric: 'vvvv', shortGeneric: 'v' },
};
const ORDER = Object.keys(FIELDS);
const STYLES = ['full', 'long', 'medium', 'short'];
const DATE = ['weekday', 'year', 'month', 'day'];
const TIME = ['dayPeriod', 'hour', 'minute', 'second', 'fractionalSecondDigits'];

/** Reads the options: `{ fields, hour12, hourCycle, timeZone, dateStyle, timeStyle }`. */
export function readOptions(given) {
  const options = given === undefined ? {} : Object(given);
  if (given === null) throw new TypeError('Cannot convert undefined or null to object');
  const hour12 = options.hour12 === undefined ? undefined : Boolean(options.hour12);
  const hourCycle = readOption(options, 'hourCycle', Object.keys(HOURS));
  const timeZone = options.timeZone === undefined ? undefined : String(options.timeZone);
  const fields = {};
  for (const [name, values] of Object.entries(FIELDS)) {
    const value = name === 'fractionalSecondDigits' ? readDigits(options[name]) : readOption(options, name, Object.keys(values));
    if (value !== undefined) fields[name] = value;
  }
  readOption(options, 'formatMatcher', ['basic', 'best fit']);
  const dateStyle = readOption(options, 'dateStyle', STYLES);
  const timeStyle = readOption(options, 'timeStyle', STYLES);
  if (dateStyle !== undefined || timeStyle !== undefined) {
    const [field] = Object.keys(fields);
    if (field !== undefined) throw new TypeError(`Can't set option ${field} when ${dateStyle === undefined ? 'timeStyle' : 'dateStyle'} is used`);
  }
  return { fields, hour12, hourCycle, timeZone, dateStyle, timeStyle };
}

function readDigits(value) {
  if (value === undefined) return undefined;
  const digits = Math.floor(Number(value));
  if (!(digits >= 1 && digits <= 3)) throw new RangeError('fractionalSecondDigits value is out of range.');
  return String(digits);
}

/**
 * The fields that a formatter has if its options name none. `required` are the fields that it must have: `date`, `time` or
 * `any`; `defaults` are those that it gets otherwise: `date`, `time` or `all`.
 */
export function withDefaults({ fields, dateStyle, timeStyle }, required, defaults) {
  const wanted = [...(required === 'time' ? [] : DATE), ...(required === 'date' ? [] : TIME)];
  if (dateStyle !== undefined || timeStyle !== undefined) {
    if (required === 'date' && timeStyle !== undefined) throw new TypeError("Can't set option timeStyle when date is required");
    if (required === 'time' && dateStyle !== undefined) throw new TypeError("Can't set option dateStyle when time is required");
    return fields;
  }
  if (wanted.some((name) => fields[name] !== undefined)) return fields;
  const added = [...(defaults === 'time' ? [] : ['year', 'month', 'day']), ...(defaults === 'date' ? [] : ['hour', 'minute', 'second'])];
  return { ...fields, ...Object.fromEntries(added.map((name) => [name, 'numeric'])) };
}

/** The hour cycle of a formatter: of its options, then of its locale's tag, then of its locale. */
export function hourCycleOf({ hour12, hourCycle }, ofTag, ofLocale) {
  if (hour12 === undefined) return hourCycle ?? ofTag ?? ofLocale;
  const startsAtZero = ofLocale === 'h11' || ofLocale === 'h23';
  if (hour12) return startsAtZero ? 'h11' : 'h12';
  return startsAtZero ? 'h23' : 'h24';
}

const HOUR_LETTERS = 'KhHk';
const hourOf = (pattern) => parsePattern(pattern).find(({ field }) => field !== undefined && HOUR_LETTERS.includes(field[0]))?.field[0];

const withHours = (pattern, letter) =>
  joinPattern(parsePattern(pattern).map((item) => (item.field !== undefined && HOUR_LETTERS.includes(item.field[0]) ? { field: letter.repeat(item.field.length) } : item)));

/** The skeleton of fields, with the hours of a cycle. */
export function skeletonOfFields(fields, cycle) {
  const letters = Object.entries(FIELDS).map(([name, values]) => (fields[name] === undefined ? '' : values[fields[name]]));
  return letters.join('').replaceAll('H', HOURS[cycle]);
}

/** The skeleton of a pattern, with the hours of a cycle. */
export function skeletonOfPattern(pattern, cycle) {
  const fields = parsePattern(pattern).flatMap(({ field }) => (field === undefined ? [] : [field])).filter((field) => !'abB'.includes(field[0]));
  return fields.map((field) => (HOUR_LETTERS.includes(field[0]) ? HOURS[cycle].repeat(field.length) : field)).join('');
}

/** A pattern with the hours of a cycle. */
export const withCycle = (pattern, cycle) => withHours(pattern, HOURS[cycle]);

/** The pattern of fields. */
export const patternOfFields = (fields, cycle, { patterns }) => withHours(patterns.find(skeletonOfFields(fields, cycle)), HOURS[cycle]);

/** The pattern of styles. */
export function patternOfStyles({ dateStyle, timeStyle }, cycle, { data, patterns }) {
  const time = data.timeFormats[timeStyle];
  const date = data.dateFormats[dateStyle];
  if (time === undefined) return date;
  const pattern = date === undefined ? time : data.glueAtTime[dateStyle].replace('{1}', () => date).replace('{0}', () => time);
  if (hourOf(pattern) === HOURS[cycle]) return pattern;
  return withHours(patterns.find(skeletonOfPattern(pattern, cycle)), HOURS[cycle]);
}

const LETTERS = { L: 'M', c: 'E', K: 'H', h: 'H', k: 'H', a: '' };

/** Text of a field -> the option and its value that it corresponds to. */
const values = new Map();
for (const [name, texts] of Object.entries(FIELDS)) {
  for (const [value, text] of Object.entries(texts)) values.set(text, [name, name === 'fractionalSecondDigits' ? Number(value) : value]);
}
for (const [text, same] of Object.entries({ G: 'GGG', GG: 'GGG', E: 'EEE', EE: 'EEE', yyy: 'y', yyyy: 'y' })) values.set(text, values.get(same));

/** The options that a pattern corresponds to, in V8's order. */
export function fieldsOfPattern(items) {
  const found = new Map();
  for (const { field } of items) {
    const [name, value] = (field !== undefined && values.get((LETTERS[field[0]] ?? field[0]).repeat(field.length))) || [];
    if (name !== undefined) found.set(name, value);
  }
  return Object.fromEntries(ORDER.filter((name) => found.has(name)).map((name) => [name, found.get(name)]));
}
