// Language tags, and which of the locales with data a list of tags resolves to.

/** Locales that have data. `en` has the data of `en-US`, and `de` that of `de-DE`. */
const AVAILABLE = ['de', 'de-DE', 'en', 'en-GB', 'en-US'];
export const DEFAULT = 'en-US';
/** Locale -> the name of its data. */
const DATA = { de: 'de', 'de-DE': 'de', en: 'en', 'en-US': 'en', 'en-GB': 'en-GB' };

/** Subtags of ISO 639 that were replaced. */
const REPLACED = { in: 'id', iw: 'he', ji: 'yi', jw: 'jv', mo: 'ro', tl: 'fil', cmn: 'zh', swc: 'sw-CD' };

const PARTS = /^(?<language>[a-z]{2,3}|[a-z]{5,8})(?<script>-[a-z]{4})?(?<region>-(?:[a-z]{2}|\d{3}))?(?<variants>(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*)(?<extensions>(?:-[a-wy-z\d](?:-[a-z\d]{2,8})+)*)(?<own>-x(?:-[a-z\d]{1,8})+)?$/;

/** What a tag consists of, or undefined: `{ language, script, region, variants, keywords, attributes, others }`. */
export function parseTag(tag) {
  const match = PARTS.exec(tag.toLowerCase());
  if (match === null) return undefined;
  const { script = '', region = '', variants, extensions, own = '' } = match.groups;
  const language = REPLACED[match.groups.language] ?? match.groups.language;
  const parsed = {
    language,
    script: script.slice(1).replace(/^./, (letter) => letter.toUpperCase()),
    region: region.slice(1).toUpperCase(),
    variants: variants.split('-').slice(1).sort(),
    attributes: [],
    keywords: new Map(),
    others: [],
    own,
  };
  for (const extension of extensions.split(/-(?=[a-wy-z\d]-)/).slice(1)) {
    if (extension.startsWith('u-')) readKeywords(extension, parsed);
    else parsed.others.push(extension);
  }
  return new Set(parsed.variants).size === parsed.variants.length ? parsed : undefined;
}

function readKeywords(extension, { attributes, keywords }) {
  let key;
  for (const part of extension.split('-').slice(1)) {
    if (part.length === 2) keywords.set((key = part), keywords.get(part) ?? '');
    else if (key === undefined) attributes.push(part);
    else keywords.set(key, keywords.get(key) === '' ? part : `${keywords.get(key)}-${part}`);
  }
  for (const [name, value] of keywords) if (value === 'true') keywords.set(name, '');
}

export const baseName = ({ language, script, region, variants }) => [language, script, region, ...variants].filter(Boolean).join('-');

/** The extension `u` of keywords, with its leading hyphen. */
export function keywordsText(keywords, attributes = []) {
  const sorted = [...keywords].sort(([one], [other]) => (one < other ? -1 : 1));
  const parts = [...attributes.toSorted(), ...sorted.flatMap(([key, value]) => (value === '' ? [key] : [key, value]))];
  return parts.length === 0 ? '' : `-u-${parts.join('-')}`;
}

export function formatTag(parsed) {
  const own = keywordsText(parsed.keywords, parsed.attributes).slice(1);
  const extensions = [...parsed.others, ...(own === '' ? [] : [own])].sort();
  return [baseName(parsed), ...extensions].join('-') + parsed.own;
}

/** Symbol of the method of `Intl.Locale` that returns its tag. */
export const TAG = Symbol('tag');

function canonicalTag(value) {
  if (typeof value !== 'string' && (value === null || typeof value !== 'object')) throw new TypeError('Language ID should be string or object.');
  const tag = value[TAG]?.() ?? String(value);
  const parsed = parseTag(tag);
  if (parsed === undefined) throw new RangeError(`Incorrect locale information provided`);
  return formatTag(parsed);
}

/** The canonical tags of a constructor's first argument, without repetitions. */
export function canonicalLocales(locales) {
  if (locales === undefined) return [];
  if (locales === null) throw new TypeError('Cannot convert undefined or null to object');
  const list = typeof locales === 'string' || locales[TAG] !== undefined ? [locales] : Array.from(Object(locales));
  return [...new Set(list.map(canonicalTag))];
}

const PLAIN = new Set(AVAILABLE);

function availableOf(tag) {
  const { language, region } = parseTag(tag);
  if (language !== 'en' && language !== 'de') return undefined;
  const exact = region === '' ? language : `${language}-${region}`;
  if (PLAIN.has(exact)) return exact;
  return language;
}

/**
 * The locale for a list of tags: `{ locale, data, keywords }`. `keywords` are those of the tag that are among `keys`. Other
 * locales than those with data resolve to the default.
 */
export function resolveLocale(locales, keys = []) {
  if (locales === undefined) return { locale: DEFAULT, data: DATA[DEFAULT], keywords: new Map() };
  for (const tag of canonicalLocales(locales)) {
    const locale = availableOf(tag);
    if (locale === undefined) continue;
    const { keywords } = parseTag(tag);
    return { locale, data: DATA[locale], keywords: new Map([...keywords].filter(([key]) => keys.includes(key))) };
  }
  return { locale: DEFAULT, data: DATA[DEFAULT], keywords: new Map() };
}

export const supportedLocales = (locales, options) => {
  readOption(options === undefined ? {} : Object(options), 'localeMatcher', ['lookup', 'best fit']);
  return canonicalLocales(locales).filter((tag) => availableOf(tag) !== undefined);
};

/** An option's text, undefined if it is not set. `values` are those that it may have. */
export function readOption(options, name, values, fallback = undefined) {
  const value = options[name];
  if (value === undefined) return fallback;
  const text = String(value);
  if (values !== undefined && !values.includes(text)) throw new RangeError(`Value ${text} out of range for Intl options property ${name}`);
  return text;
}

/** Defines the parts of a class that all classes of `Intl` have. */
export function define(name, Class) {
  const hidden = { writable: true, configurable: true, enumerable: false };
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: `Intl.${name}`, configurable: true });
  const { supportedLocalesOf } = { supportedLocalesOf: (locales, options = undefined) => supportedLocales(locales, options) };
  Object.defineProperty(Class, 'supportedLocalesOf', { value: supportedLocalesOf, ...hidden });
  expose(name, Class);
}

/** Makes a class a property of `Intl`. A bundler may have renamed it. */
export function expose(name, Class) {
  Object.defineProperty(Class, 'name', { value: name, configurable: true });
  Object.defineProperty(globalThis.Intl, name, { value: Class, writable: true, configurable: true });
}

/** A class that can be called without `new`. */
export function callable(Class, name) {
  const { [name]: construct } = {
    [name]: function (locales = undefined, options = undefined) {
      return Reflect.construct(Class, [locales, options], new.target ?? construct);
    },
  };
  construct.prototype = Class.prototype;
  Object.defineProperty(construct, 'prototype', { writable: false });
  Object.defineProperty(construct, 'length', { value: 0, configurable: true });
  Object.defineProperty(Class.prototype, 'constructor', { value: construct, writable: true, configurable: true });
  return construct;
}
