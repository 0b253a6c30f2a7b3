// The object `Intl`, and what its classes share.
import './object.js';
import { canonicalLocales } from './locales.js';
import './locale.js';

export { callable, define, expose, keywordsText, readOption, resolveLocale } from './locales.js';
export { parseData } from './data.js';
export { LookupSupportedLocales, ResolveLocale, register } from './matcher.js';

const CALENDARS = ['gregory'];
const NUMBERING_SYSTEMS = ['latn'];

/** Key of `Intl.supportedValuesOf` -> what returns the values. */
const values = new Map(Object.entries({
  calendar: () => [...CALENDARS],
  collation: () => [],
  currency: () => [],
  numberingSystem: () => [...NUMBERING_SYSTEMS],
  timeZone: () => [],
  unit: () => [],
}));
/** Sets what `Intl.supportedValuesOf(key)` returns. */
export const setValues = (key, list) => values.set(key, list);

const hidden = { writable: true, configurable: true };
const methods = {
  getCanonicalLocales: (locales = undefined) => canonicalLocales(locales),
  supportedValuesOf(key) {
    const list = values.get(String(key));
    if (list === undefined) throw new RangeError(`Invalid key : ${key}`);
    return list();
  },
};
for (const [name, value] of Object.entries(methods)) Object.defineProperty(globalThis.Intl, name, { value, ...hidden });

/** Replaces methods of a prototype. */
export function replaceMethods(prototype, replacements) {
  for (const [name, value] of Object.entries(replacements)) Object.defineProperty(prototype, name, { value, ...hidden });
}
