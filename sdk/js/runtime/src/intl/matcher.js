// What the classes of FormatJS need to find a locale.
import { keywordsText, resolveLocale, supportedLocales } from './locales.js';

export const LookupSupportedLocales = (_, requested) => supportedLocales(requested);

/** ResolveLocale of ECMA-402. `available` and the default are those of this runtime. */
export function ResolveLocale(_, requested, options, keys, localeData) {
  const { locale, data, keywords } = resolveLocale(requested.length === 0 ? undefined : requested, keys);
  const result = { locale, dataLocale: data };
  const used = new Map();
  for (const key of keys) {
    const values = localeData[data]?.[key] ?? [];
    result[key] = values[0];
    const ofTag = keywords.get(key);
    if (values.includes(ofTag)) {
      result[key] = ofTag;
      used.set(key, ofTag);
    }
    const option = options[key];
    if (option !== undefined && option !== result[key] && values.includes(option)) {
      result[key] = option;
      used.delete(key);
    }
  }
  result.locale += keywordsText(used);
  return result;
}

/**
 * Registers the locales of a FormatJS class. `dataOf(name)` is called when a locale is first used.
 */
export function register(Class, dataOf) {
  for (const name of ['en', 'en-GB', 'de']) {
    let data;
    Object.defineProperty(Class.localeData, name, { get: () => (data ??= dataOf(name)), enumerable: true, configurable: true });
    Class.availableLocales.add(name);
  }
  Class.__defaultLocale = 'en';
}
