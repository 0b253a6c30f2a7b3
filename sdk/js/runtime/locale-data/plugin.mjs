// Finds the modules `data:NAME` of the runtime, which have the data of locales, and the locale matcher of FormatJS, which is
// replaced by the runtime's own: it is faster by far, and has no table of all languages.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { dataOf } from './formatjs.mjs';
import { packZones } from './zones.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const LOCALES = ['en', 'en-GB', 'de'];

const readDates = async () => JSON.parse(await readFile(new URL('dates.json', import.meta.url), 'utf8'));

const isTree = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** What `value` has that `base` does not have. What it lacks is null. */
function difference(value, base) {
  const entries = Object.entries(value).filter(([key, one]) => JSON.stringify(one) !== JSON.stringify(base[key]));
  const changed = entries.map(([key, one]) => [key, isTree(one) && isTree(base[key]) ? difference(one, base[key]) : one]);
  const missing = Object.keys(base).filter((key) => !(key in value)).map((key) => [key, null]);
  return Object.fromEntries([...changed, ...missing]);
}

/** JSON in Latin-1, because the engine stores a text with any other character in twice the memory. */
const compact = (value) => JSON.stringify(value).replace(/[^\0-\xff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * Locale -> text. As text, because the objects of a locale that is not used would be part of each snapshot. British English
 * has what differs from American English.
 */
async function texts(of) {
  const [en, british, de] = await Promise.all(LOCALES.map(of));
  return JSON.stringify({ en: compact(en), 'en-GB': compact(difference(british, en)), de: compact(de) });
}

const format = async (name) => `export default ${await texts((locale) => dataOf(name, locale))};`;
const part = (name, pick) => texts(async (locale) => pick(await dataOf(name, locale)));

/** Name -> the module's code. */
const modules = {
  dates: async () => {
    const dates = await readDates();
    return `export default ${await texts((locale) => dates[locale])};`;
  },
  zones: async () => Object.entries(await packZones()).map(([name, text]) => `export const ${name} = ${JSON.stringify(text)};`).join('\n'),
  numbers: async () => `
    export const numbers = ${await part('NumberFormat', ({ numbers, nu }) => ({ numbers, nu }))};
    export const currencies = ${await part('NumberFormat', ({ currencies }) => currencies)};
    export const units = ${await part('NumberFormat', ({ units }) => units)};`,
  relative: () => format('RelativeTimeFormat'),
  lists: () => format('ListFormat'),
  names: () => format('DisplayNames'),
  matcher: () => "export { LookupSupportedLocales, ResolveLocale } from 'toril:runtime/intl';",
};

export const localeData = {
  name: 'toril-locale-data',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^data:[a-z]+$/ }, ({ path }) => ({ path: path.slice('data:'.length), namespace: 'locale-data' }));
    onResolve({ filter: /^@formatjs\/intl-localematcher$/ }, () => ({ path: 'matcher', namespace: 'locale-data' }));
    onLoad({ filter: /.*/, namespace: 'locale-data' }, async ({ path }) => ({ contents: await modules[path](), resolveDir: here }));
  },
};
