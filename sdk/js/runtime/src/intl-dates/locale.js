// The data of locales for dates. A locale's text is parsed when it is first used, but for that of English.
import texts from 'data:dates';
import { parseData } from 'toril:runtime/intl';
import { Patterns } from './patterns.js';

/** Hour cycle of times without an option for it. */
const HOUR_CYCLES = { en: 'h12', 'en-GB': 'h23', de: 'h23' };

const locales = new Map();

/** `{ data, patterns, hourCycle }` of a locale's data. */
export function localeOf(name) {
  let locale = locales.get(name);
  if (locale === undefined) {
    const data = parseData(texts, name);
    locales.set(name, (locale = { data, patterns: new Patterns(data), hourCycle: HOUR_CYCLES[name] }));
  }
  return locale;
}

localeOf('en');
