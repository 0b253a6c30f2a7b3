// Lists, relative times, names, characters, the order of texts, and language tags.
const LOCALES = ['en-US', 'en-GB', 'de'];
const STYLES = ['long', 'short', 'narrow'];
const UNITS = ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'years'];
const TEXTS = ['', 'abc', 'e\u0301a', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}x\u{1f1e9}\u{1f1ea}\u{1f1eb}\u{1f1f7}', '\r\n\n', '\uac01\u1100\u1161\u11a8', '\u0928\u092e\u0938\u094d\u0924\u0947', '\u0915\u094d\u0937\u093f', '\u{1f3f3}\ufe0f\u200d\u{1f308}\u{1f44d}\u{1f3fd}', '\ud800a', '\u0e01\u0e33'];
const CLASSES = ['Collator', 'DateTimeFormat', 'DisplayNames', 'ListFormat', 'NumberFormat', 'PluralRules', 'RelativeTimeFormat', 'Segmenter'];
const WORDS = ['z', 'a', 'Z', '\u00e4', 'A', '10', '9', '_', '\u00e9', 'e', 'E', 'a b', 'ab', 'a-b', '', 'caf\u00e9', 'cafe', 'Cafe'];

export function cases(add) {
  for (const locale of LOCALES) {
    for (const style of STYLES) {
      for (const type of ['conjunction', 'disjunction', 'unit']) {
        add(`list ${locale} ${type} ${style}`, () => { const format = new Intl.ListFormat(locale, { type, style }); return [...[[], ['a'], ['a', 'b'], ['a', 'b', 'c'], new Set(['x', 'y'])].map((list) => format.format(list)), format.formatToParts(['a', 'b', 'c']), format.resolvedOptions()]; });
      }
      for (const numeric of ['always', 'auto']) {
        add(`relative time ${locale} ${style} ${numeric}`, () => {
          const format = new Intl.RelativeTimeFormat(locale, { style, numeric });
          return [...UNITS.flatMap((unit) => [-1, 0, -0, 1, 2, -3.5, 1000].map((value) => format.format(value, unit))), format.formatToParts(-12.5, 'day'), format.resolvedOptions()];
        });
      }
    }
    for (const [type, codes] of Object.entries({ region: ['US', 'DE', 'GB', '419', 'XX'], language: ['en', 'de-AT', 'zh-Hant', 'fr-CA', 'xx'], script: ['Latn', 'Cyrl'], currency: ['USD', 'EUR', 'XXX'] })) {
      add(`names ${locale} ${type}`, () => { const names = new Intl.DisplayNames(locale, { type }); return [...codes.map((code) => names.of(code)), names.resolvedOptions()]; });
    }
    add(`order ${locale}`, () => [WORDS.toSorted(new Intl.Collator(locale).compare), WORDS.toSorted((one, other) => one.localeCompare(other, locale))]);
    add(`order by base letters ${locale}`, () => ['base', 'accent', 'case', 'variant'].map((sensitivity) => [['a', 'A'], ['a', '\u00e1'], ['a', 'b']].map(([one, other]) => new Intl.Collator(locale, { sensitivity }).compare(one, other))));
    add(`numbers in order ${locale}`, () => ['a10', 'a9', 'a1', 'a01'].toSorted(new Intl.Collator(locale, { numeric: true }).compare));
  }
  for (const text of TEXTS) add(`characters of ${JSON.stringify(text)}`, () => [...new Intl.Segmenter('en').segment(text)]);
  add('the character at an index', () => [-1, 0, 1, 2, 9].map((index) => new Intl.Segmenter().segment('ae\u0301').containing(index) ?? null));
  add('options of a segmenter', () => new Intl.Segmenter('de').resolvedOptions());
  add('words', () => [...new Intl.Segmenter('en', { granularity: 'word' }).segment('a b')].length);
  add('options of collators', () => [new Intl.Collator().resolvedOptions(), new Intl.Collator('de-u-kn', { sensitivity: 'base' }).resolvedOptions()]);
  add('a list of numbers', () => new Intl.ListFormat('en').format([1]));
  add('a unit that is unknown', () => new Intl.RelativeTimeFormat('en').format(1, 'eon'));
  add('an infinite time', () => new Intl.RelativeTimeFormat('en').format(Infinity, 'day'));
  add('names without a type', () => new Intl.DisplayNames('en'));
  add('a code that is malformed', () => new Intl.DisplayNames('en', { type: 'region' }).of('x'));
  add('canonical tags', () => Intl.getCanonicalLocales(['EN-us', 'de-DE-u-co-phonebk-kn-true', 'sr-latn-rs', 'iw', 'en-US', 'de-1996-x-a', 'en-t-de-u-hc-h12', 'zh-CMN-hans'.slice(0, 2)]));
  for (const tag of ['en_US', '', 'e', 'en-', 'en-u', 'abcdefghi', 5, null]) add(`the tag ${JSON.stringify(tag)}`, () => Intl.getCanonicalLocales(tag === 5 ? [tag] : tag));
  add('a locale', () => { const locale = new Intl.Locale('EN-latn-us-u-ca-buddhist-hc-h12-kn-nu-latn'); return [String(locale), ...['baseName', 'language', 'script', 'region', 'calendar', 'hourCycle', 'numeric', 'numberingSystem', 'collation', 'caseFirst'].map((name) => locale[name] ?? null)]; });
  add('a locale with options', () => String(new Intl.Locale('en', { region: 'gb', hourCycle: 'h23', numeric: true, calendar: 'gregory' })));
  add('a locale as argument', () => [new Intl.NumberFormat(new Intl.Locale('de')).format(1.5), Intl.getCanonicalLocales(new Intl.Locale('de-at'))]);
  add('a locale of nothing', () => new Intl.Locale());
  for (const name of CLASSES) {
    add(`class ${name}`, () => [Intl[name].name, Intl[name].length, Object.prototype.toString.call(Intl[name].prototype), Intl[name].supportedLocalesOf(['en-US', 'de', 'tlh']), Object.getOwnPropertyNames(Intl[name].prototype).sort()]);
  }
  add('the object', () => [Object.prototype.toString.call(Intl), Object.keys(Intl), typeof Intl]);
  add('values of a key that is unknown', () => Intl.supportedValuesOf('x'));
  add('letters', () => ['\u00df'.toLocaleUpperCase(), 'I'.toLocaleLowerCase(), '\u0130'.toLocaleLowerCase('en')]);
}
