// Intl.Locale: the parts of a language tag. It has no data, and so none of the methods that need it, such as `maximize`.
import { TAG, baseName, define, formatTag, parseTag, readOption } from './locales.js';

/** Property -> the keyword of the extension `u`. */
const KEYWORDS = { calendar: 'ca', collation: 'co', hourCycle: 'hc', caseFirst: 'kf', numeric: 'kn', numberingSystem: 'nu' };
const VALUES = { hourCycle: ['h11', 'h12', 'h23', 'h24'], caseFirst: ['upper', 'lower', 'false'] };
const SUBTAGS = { language: /^([a-z]{2,3}|[a-z]{5,8})$/i, script: /^[a-z]{4}$/i, region: /^([a-z]{2}|\d{3})$/i };
const TYPE = /^[a-z\d]{3,8}(-[a-z\d]{3,8})*$/i;

function parse(tag) {
  const parsed = parseTag(tag);
  if (parsed === undefined) throw new RangeError('Incorrect locale information provided');
  return parsed;
}

/** Sets what the options say. */
function apply(parsed, options) {
  for (const [name, pattern] of Object.entries(SUBTAGS)) {
    const value = readOption(options, name);
    if (value === undefined) continue;
    if (!pattern.test(value)) throw new RangeError('Incorrect locale information provided');
    parsed[name] = value;
  }
  for (const [name, key] of Object.entries(KEYWORDS)) {
    if (name === 'numeric') {
      if (options.numeric !== undefined) parsed.keywords.set(key, options.numeric ? '' : 'false');
      continue;
    }
    const value = readOption(options, name, VALUES[name]);
    if (value === undefined) continue;
    if (!TYPE.test(value) && VALUES[name] === undefined) throw new RangeError(`Invalid ${name} : ${value}`);
    parsed.keywords.set(key, value.toLowerCase());
  }
  // Gives the new subtags their spelling.
  return parse(formatTag(parsed));
}

class Locale {
  #parsed;

  constructor(tag, options = undefined) {
    if (typeof tag !== 'string' && (tag === null || typeof tag !== 'object')) throw new TypeError('First argument to Intl.Locale constructor can\'t be empty or missing');
    if (options === null) throw new TypeError('Cannot convert undefined or null to object');
    const parsed = parse(tag[TAG]?.() ?? String(tag));
    this.#parsed = options === undefined ? parsed : apply(parsed, Object(options));
  }

  [TAG]() {
    return formatTag(this.#parsed);
  }

  get baseName() {
    return baseName(this.#parsed);
  }

  get language() {
    return this.#parsed.language;
  }

  get script() {
    return this.#parsed.script || undefined;
  }

  get region() {
    return this.#parsed.region || undefined;
  }

  get calendar() {
    return this.#parsed.keywords.get('ca');
  }

  get collation() {
    return this.#parsed.keywords.get('co');
  }

  get hourCycle() {
    return this.#parsed.keywords.get('hc');
  }

  get caseFirst() {
    return this.#parsed.keywords.get('kf');
  }

  get numeric() {
    return this.#parsed.keywords.get('kn') === '';
  }

  get numberingSystem() {
    return this.#parsed.keywords.get('nu');
  }

  toString() {
    return formatTag(this.#parsed);
  }
}

define('Locale', Locale);
// The only class without it.
delete Locale.supportedLocalesOf;
