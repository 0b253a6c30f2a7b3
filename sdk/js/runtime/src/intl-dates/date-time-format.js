// Intl.DateTimeFormat with the Gregorian calendar.
import { callable, define, keywordsText, resolveLocale } from 'toril:runtime/intl';
import { parsePattern } from './fields.js';
import { LIMIT, partsOf } from './format.js';
import { localeOf } from './locale.js';
import { fieldsOfPattern, hourCycleOf, patternOfFields, patternOfStyles, readOptions, skeletonOfPattern, withCycle, withDefaults } from './options.js';
import { rangePartsOf } from './ranges.js';
import { canonicalZone } from './zones.js';

/** Jobs run in UTC. */
const DEFAULT_ZONE = 'UTC';
const joined = (parts) => parts.map(({ value }) => value).join('');
/** V8 writes an ordinary space for the narrow one before AM and PM, but not in parts and ranges. */
const textOf = (parts) => joined(parts).replaceAll('\u202f', ' ');

function timeOf(date) {
  const time = date === undefined ? Date.now() : Number(date);
  if (!(Math.abs(time) <= LIMIT)) throw new RangeError('Invalid time value');
  return Math.trunc(time) + 0;
}

function rangeOf(start, end) {
  if (start === undefined || end === undefined) throw new TypeError('startDate or endDate cannot be undefined');
  return [timeOf(start), timeOf(end)];
}

function zoneOf(name) {
  const found = name === undefined ? DEFAULT_ZONE : canonicalZone(name);
  if (found === undefined) throw new RangeError(`Invalid time zone specified: ${name}`);
  return found;
}

/** `required` and `defaults` as of `withDefaults`. */
function resolve(locales, given, required, defaults) {
  const { locale, data: name, keywords } = resolveLocale(locales, ['hc']);
  const options = readOptions(given);
  const of = localeOf(name);
  const timeZone = zoneOf(options.timeZone);
  const ofTag = /^h(11|12|23|24)$/.test(keywords.get('hc')) ? keywords.get('hc') : undefined;
  const cycle = hourCycleOf(options, ofTag, of.hourCycle);
  const { dateStyle, timeStyle } = options;
  const hasStyle = dateStyle !== undefined || timeStyle !== undefined;
  const wanted = withDefaults(options, required, defaults);
  const pattern = hasStyle ? patternOfStyles(options, cycle, of) : patternOfFields(wanted, cycle, of);
  const items = parsePattern(pattern);
  const fields = fieldsOfPattern(items);
  const hasHour = fields.hour !== undefined;
  const usesTag = ofTag !== undefined && cycle === ofTag && options.hourCycle === undefined && options.hour12 === undefined;
  return {
    of, timeZone, items, skeleton: skeletonOfPattern(pattern, cycle), withCycle: (other) => withCycle(other, cycle),
    shown: {
      locale: usesTag ? locale + keywordsText(new Map([['hc', ofTag]])) : locale,
      calendar: 'gregory',
      numberingSystem: 'latn',
      timeZone,
      ...(hasHour ? { hourCycle: cycle, hour12: cycle === 'h11' || cycle === 'h12' } : {}),
      ...(hasStyle ? {} : fields),
      ...(dateStyle === undefined ? {} : { dateStyle }),
      ...(timeStyle === undefined ? {} : { timeStyle }),
    },
  };
}

/** Formatters of calls without options. */
const plain = new Map();

/** What `Date.prototype.toLocaleString` and its relatives use. */
export function formatOnce(date, locales, options, required, defaults) {
  if (Number.isNaN(date.getTime())) return 'Invalid Date';
  const key = locales === undefined && options === undefined ? required : undefined;
  let resolved = plain.get(key);
  if (resolved === undefined) {
    resolved = resolve(locales, options, required, defaults);
    if (key !== undefined) plain.set(key, resolved);
  }
  return textOf(partsOf(resolved.items, date.getTime(), resolved.timeZone, resolved.of.data));
}

class DateTimeFormat {
  #resolved;
  #format;

  constructor(locales, options) {
    this.#resolved = resolve(locales, options, 'any', 'date');
  }

  get format() {
    this.#format ??= (date) => textOf(this.#parts(date));
    return this.#format;
  }

  formatToParts(date = undefined) {
    return this.#parts(date);
  }

  formatRange(startDate, endDate) {
    const parts = rangePartsOf(this.#resolved, ...rangeOf(startDate, endDate));
    return parts.every(({ source }) => source === 'shared') ? textOf(parts) : joined(parts);
  }

  formatRangeToParts(startDate, endDate) {
    return rangePartsOf(this.#resolved, ...rangeOf(startDate, endDate));
  }

  resolvedOptions() {
    return { ...this.#resolved.shown };
  }

  #parts(date) {
    const { items, timeZone, of } = this.#resolved;
    return partsOf(items, timeOf(date), timeZone, of.data);
  }
}

define('DateTimeFormat', callable(DateTimeFormat, 'DateTimeFormat'));
