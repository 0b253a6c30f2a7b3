// Intl.NumberFormat and Intl.PluralRules.
const LOCALES = ['en-US', 'en-GB', 'de'];
const NUMBERS = [
  0, -0, 1, -1, 1.5, 0.005, 1234.5, -1234567.891, 0.000001234, NaN, Infinity, -Infinity, 999999, 1.005, 2.5, 1e9, 1.25e12, 99.995, 1.0005, 0.1 + 0.2, 123456789.987654, 12345n, -98765432109876543210n, '12345678901234567890.125', 4.35, 1e-10,
];
const OPTIONS = [
  {}, { style: 'currency', currency: 'USD' }, { style: 'currency', currency: 'EUR', currencyDisplay: 'name' }, { style: 'currency', currency: 'JPY' }, { style: 'currency', currency: 'KWD', currencyDisplay: 'code' }, { style: 'currency', currency: 'USD', currencySign: 'accounting' },
  { style: 'currency', currency: 'CAD', currencyDisplay: 'narrowSymbol' }, { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 }, { style: 'currency', currency: 'GBP', signDisplay: 'exceptZero', currencySign: 'accounting' },
  { style: 'percent' }, { style: 'percent', maximumFractionDigits: 2 }, { notation: 'scientific' }, { notation: 'engineering' }, { notation: 'scientific', maximumSignificantDigits: 3 },
  { style: 'unit', unit: 'kilometer-per-hour' }, { style: 'unit', unit: 'megabyte', unitDisplay: 'long' }, { style: 'unit', unit: 'liter', unitDisplay: 'narrow' }, { style: 'unit', unit: 'celsius' }, { style: 'unit', unit: 'day', unitDisplay: 'long', signDisplay: 'negative' },
  { maximumSignificantDigits: 3 }, { minimumSignificantDigits: 5 }, { minimumFractionDigits: 2 }, { maximumFractionDigits: 0 }, { minimumIntegerDigits: 4 }, { useGrouping: false }, { useGrouping: 'min2' }, { useGrouping: 'always' }, { signDisplay: 'always' }, { signDisplay: 'never' }, { signDisplay: 'exceptZero' },
  ...['ceil', 'floor', 'expand', 'trunc', 'halfCeil', 'halfFloor', 'halfExpand', 'halfTrunc', 'halfEven'].map((roundingMode) => ({ roundingMode, maximumFractionDigits: 1 })),
  { roundingIncrement: 5, maximumFractionDigits: 2, minimumFractionDigits: 2 }, { minimumSignificantDigits: 3, maximumFractionDigits: 1, roundingPriority: 'lessPrecision' }, { maximumSignificantDigits: 3, maximumFractionDigits: 1, roundingPriority: 'morePrecision' }, { trailingZeroDisplay: 'stripIfInteger', minimumFractionDigits: 2 },
];
const COMPACT = [{ notation: 'compact' }, { notation: 'compact', compactDisplay: 'long' }, { notation: 'compact', style: 'currency', currency: 'USD' }, { notation: 'compact', maximumFractionDigits: 1, minimumFractionDigits: 1 }];
const SMALL = [0, 1, 12, 999, 999.5, 1000, 1049, 1500, 99_999, 999_950, 1e6, 1.25e9, 1.25e12, 9e14, -4321, 0.05, NaN, Infinity];
const RANGES = [{}, { style: 'currency', currency: 'EUR' }, { style: 'percent' }, { maximumFractionDigits: 0 }];

const parts = (list) => list.map(({ source = '', type, value }) => `${source}${type}:${value}`).join('|');

export function cases(add) {
  for (const locale of LOCALES) {
    const each = (options, numbers) => {
      const name = `${locale} ${JSON.stringify(options)}`;
      add(`options of ${name}`, () => new Intl.NumberFormat(locale, options).resolvedOptions());
      for (const number of numbers) add(`${name} of ${Object.is(number, -0) ? '-0' : typeof number === 'string' ? `"${number}"` : number}`, () => { const format = new Intl.NumberFormat(locale, options); return [parts(format.formatToParts(number)), format.format(number)]; });
    };
    for (const options of OPTIONS) each(options, NUMBERS);
    for (const options of COMPACT) each(options, SMALL);
    for (const options of RANGES) {
      add(`range ${locale} ${JSON.stringify(options)}`, () => { const format = new Intl.NumberFormat(locale, options); return [[1, 2], [3, 3], [1.5, 1e6], [-2, 3]].map(([start, end]) => format.formatRange(start, end)); });
    }
    add(`compact numbers beyond a quadrillion ${locale}`, () => [1e16, 1e21].map((number) => new Intl.NumberFormat(locale, { notation: 'compact' }).format(number)));
    add(`ranges of units ${locale}`, () => new Intl.NumberFormat(locale, { style: 'unit', unit: 'megabyte', unitDisplay: 'long' }).formatRange(1, 2));
    for (const type of ['cardinal', 'ordinal']) {
      add(`plurals ${locale} ${type}`, () => { const rules = new Intl.PluralRules(locale, { type }); return [0, -1, 1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 101, 111, 1.5, 0.1, 1e6].map((number) => rules.select(number)); });
      add(`options of plurals ${locale} ${type}`, () => new Intl.PluralRules(locale, { type }).resolvedOptions());
    }
    add(`numbers as text ${locale}`, () => NUMBERS.map((number) => number.toLocaleString(locale)));
    add(`lists as text ${locale}`, () => [[1234.5, null, 'x', [1e6], undefined].toLocaleString(locale), new Float64Array([1234.5, 1e6]).toLocaleString(locale), [0.5].toLocaleString(locale, { style: 'percent' })]);
  }
  for (const number of NUMBERS) add(`text of ${Object.is(number, -0) ? '-0' : typeof number === 'string' ? `"${number}"` : number}`, () => number.toLocaleString());
  add('fractions of a digit', () => new Intl.PluralRules('en', { minimumFractionDigits: 1 }).select(1));
  add('an object as number', () => new Intl.NumberFormat('en').format({ valueOf: () => 1e4 }));
  add('called without new', () => Intl.NumberFormat('de').format(1e4));
  add('format is bound', () => [1e3, 2e3].map(new Intl.NumberFormat('en').format));
  add('a currency that is missing', () => new Intl.NumberFormat('en', { style: 'currency' }));
  add('a currency that is malformed', () => new Intl.NumberFormat('en', { style: 'currency', currency: 'EURO' }));
  add('a currency without data', () => new Intl.NumberFormat('en', { style: 'currency', currency: 'QQQ' }).format(1));
  add('a unit that is unknown', () => new Intl.NumberFormat('en', { style: 'unit', unit: 'parsec' }));
  add('digits beyond the range', () => new Intl.NumberFormat('en', { maximumFractionDigits: 200 }));
  add('a symbol', () => new Intl.NumberFormat('en').format(Symbol('x')));
  add('numbering systems', () => [new Intl.NumberFormat('en', { numberingSystem: 'arab' }).format(1234.5), new Intl.NumberFormat('en-u-nu-deva').resolvedOptions().locale]);
  add('units', () => Intl.supportedValuesOf('unit'));
  add('currencies', () => Intl.supportedValuesOf('currency'));
  add('plurals of a locale without data', () => new Intl.PluralRules('fr').select(0));
}
