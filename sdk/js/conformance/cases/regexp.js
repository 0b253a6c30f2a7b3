// Regular expressions and strings.
const TEXT = 'The year 2024-02-29, naïve café 😀 ÀÉ \u2028 foo.bar+baz@example.com, 1,234.50 €';
const PATTERNS = [
  /(\d{4})-(\d{2})-(\d{2})/, /(?<year>\d+)-(?<month>\d+)/, /\p{L}+/gu, /\p{Emoji_Presentation}/u, /[^\x00-\x7f]+/g, /(?<=€|0) ?€?$/, /(?<!\d)\d{2}(?!\d)/g, /./su, /\bfoo\b/i, /[à-ü]/gi, /[À-Ü]/giu,
  /(a+)+b/, /\w+@\w+\.\w+/, /^.*$/m, /(?:)/, /\u{1F600}/u, /[\p{Lu}&&[À-É]]/v, /\p{Script=Greek}/u, /(x)?(y)?/, /(?:(\d)|(\w))+/,
];

export function cases(add) {
  for (const pattern of PATTERNS) {
    add(`match ${pattern}`, () => { const found = TEXT.match(pattern); return found === null ? 'none' : [[...found], found.index ?? 'all', found.groups === undefined ? 'no groups' : { ...found.groups }]; });
    add(`replace ${pattern}`, () => TEXT.replace(pattern, (found, ...rest) => `<${found}|${typeof rest.at(-1)}>`));
    add(`split ${pattern}`, () => TEXT.split(pattern, 8));
  }
  add('sticky', () => { const pattern = /\d/y; pattern.lastIndex = 9; return [pattern.test(TEXT), pattern.lastIndex, pattern.test(TEXT), pattern.lastIndex]; });
  add('indices', () => [/(?<a>l)(l)/d.exec('hello').indices, { ...(/(?<a>l)/d.exec('hello').indices.groups) }]);
  add('replacement patterns', () => 'abcd'.replace(/(b)(?<n>c)/, "[$1$2$3$<n>$&$`$'$$]"));
  add('matchAll', () => [...'a1b2'.matchAll(/([a-z])(\d)/g)].map((found) => [found.index, ...found]));
  for (const source of ['(', '[', 'a{2,1}', '*', '\\', '(?<a>x)(?<a>y)', '(?<1>x)', '\\u{110000}', '[b-a]', '(?i:a)']) add(`invalid ${source}`, () => new RegExp(source, 'u').source);
  add('flags', () => new RegExp('a', 'gg'));
  add('source is escaped', () => [new RegExp('/\n').source, String(new RegExp(''))]);
  add('case', () => ['İ'.toLowerCase(), 'ß'.toUpperCase(), 'ΑΣ'.toLowerCase(), 'ǆ'.toUpperCase(), 'i̇'.toUpperCase()]);
  add('normalize', () => ['NFC', 'NFD', 'NFKC', 'NFKD'].map((form) => 'ﬁ Å é ½'.normalize(form)));
  add('trim', () => JSON.stringify('\u00a0\ufeff a \u2003\n'.trim()));
  add('well-formed', () => ['a\ud800'.isWellFormed(), 'a\ud800'.toWellFormed()]);
  add('at, padStart, codePointAt', () => ['abc'.at(-1), '5'.padStart(3, '0'), '😀'.codePointAt(0), [...'a😀'].length, 'abc'.substring(2, 0)]);
  add('sort is stable', () => [5, 1, 4].toSorted().concat([['b', 1], ['a', 1], ['c', 0]].sort((a, b) => a[1] - b[1]).map(([name]) => name)));
  add('localeCompare of ASCII', () => ['b', 'a', 'C'].sort((a, b) => a.localeCompare(b)));
}
