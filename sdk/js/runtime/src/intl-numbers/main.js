// Intl.NumberFormat and Intl.PluralRules of FormatJS, and the methods of numbers that use them.
import { NumberFormat } from '@formatjs/intl-numberformat';
import { currencies, numbers, units } from 'data:numbers';
import { expose, parseData, register, replaceMethods, setValues } from 'toril:runtime/intl';
import './plural-rules.js';
import { plainText } from './plain.js';

/** The order in which V8 lists the options. */
const ORDER = [
  'locale', 'numberingSystem', 'style', 'currency', 'currencyDisplay', 'currencySign', 'unit', 'unitDisplay', 'minimumIntegerDigits',
  'minimumSignificantDigits', 'maximumSignificantDigits', 'minimumFractionDigits', 'maximumFractionDigits', 'useGrouping', 'notation',
  'compactDisplay', 'signDisplay', 'roundingMode', 'roundingIncrement', 'trailingZeroDisplay', 'roundingPriority',
];

/** `aliases` are numbering systems that have the patterns of another one. */
function withAliases(data) {
  const { aliases = {}, symbols, decimal, percent, currency } = data.numbers;
  for (const [system, target] of Object.entries(aliases)) for (const table of [symbols, decimal, percent, currency]) table[system] = table[target];
  return data;
}

register(NumberFormat, (name) => {
  const data = withAliases(parseData(numbers, name));
  // The largest tables, which most formatters do not need.
  for (const [key, texts] of Object.entries({ currencies, units })) {
    let parsed;
    Object.defineProperty(data, key, { get: () => (parsed ??= parseData(texts, name)), enumerable: true, configurable: true });
  }
  return data;
});

const { resolvedOptions } = NumberFormat.prototype;
replaceMethods(NumberFormat.prototype, {
  resolvedOptions() {
    const options = resolvedOptions.call(this);
    return Object.fromEntries(ORDER.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]));
  },
});
expose('NumberFormat', NumberFormat);

setValues('currency', () => Object.keys(JSON.parse(currencies.en)).filter((code) => code.length === 3).sort());
setValues('unit', () => Object.keys(JSON.parse(units.en).simple).filter((unit) => !unit.includes('-per-')).sort());

/** The formatter of calls without options. It is part of the snapshot. */
const plain = new NumberFormat();
plain.format(1234.5);

function localeText(value, locales, options) {
  if (locales !== undefined || options !== undefined) return new NumberFormat(locales, options).format(value);
  return plainText(value) ?? plain.format(value);
}

replaceMethods(Number.prototype, {
  toLocaleString(locales = undefined, options = undefined) {
    return localeText(Number.prototype.valueOf.call(this), locales, options);
  },
});
replaceMethods(BigInt.prototype, {
  toLocaleString(locales = undefined, options = undefined) {
    return localeText(BigInt.prototype.valueOf.call(this), locales, options);
  },
});

const listText = (list, locales, options) =>
  Array.from({ length: list.length }, (_, at) => (list[at] === undefined || list[at] === null ? '' : String(list[at].toLocaleString(locales, options)))).join(',');

const ofLists = {
  toLocaleString(locales = undefined, options = undefined) {
    return listText(this, locales, options);
  },
};
replaceMethods(Array.prototype, ofLists);
replaceMethods(Object.getPrototypeOf(Uint8Array.prototype), ofLists);
