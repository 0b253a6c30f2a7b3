// The fields of a date's pattern, such as `MMM`, and how far two forms of a field are apart. This is the table of ICU's
// DateTimePatternGenerator, which V8 uses: patterns are the same only if distances are the same.

export const ERA = 0;
export const YEAR = 1;
export const MONTH = 3;
export const WEEKDAY = 6;
export const DAY = 9;
export const DAY_PERIOD = 10;
export const HOUR = 11;
export const MINUTE = 12;
export const SECOND = 13;
export const FRACTION = 14;
export const ZONE = 15;
export const COUNT = 16;

export const DATE_FIELDS = (1 << DAY_PERIOD) - 1;
export const TIME_FIELDS = ((1 << COUNT) - 1) & ~DATE_FIELDS;

const NARROW = -0x101;
const SHORTER = -0x102;
const SHORT = -0x103;
const LONG = -0x104;
const NUMERIC = 0x100;
const DELTA = 0x10;

/** Letter -> its forms: `[field, type, shortest length]`. */
const FORMS = {
  G: [[ERA, SHORT, 1], [ERA, LONG, 4], [ERA, NARROW, 5]],
  y: [[YEAR, NUMERIC, 1]],
  Y: [[YEAR, NUMERIC + DELTA, 1]],
  Q: [[2, NUMERIC, 1], [2, SHORT, 3], [2, LONG, 4], [2, NARROW, 5]],
  M: [[MONTH, NUMERIC, 1], [MONTH, SHORT, 3], [MONTH, LONG, 4], [MONTH, NARROW, 5]],
  L: [[MONTH, NUMERIC + DELTA, 1], [MONTH, SHORT - DELTA, 3], [MONTH, LONG - DELTA, 4], [MONTH, NARROW - DELTA, 5]],
  w: [[4, NUMERIC, 1]],
  W: [[5, NUMERIC, 1]],
  E: [[WEEKDAY, SHORT, 1], [WEEKDAY, LONG, 4], [WEEKDAY, NARROW, 5], [WEEKDAY, SHORTER, 6]],
  c: [[WEEKDAY, NUMERIC + 2 * DELTA, 1], [WEEKDAY, SHORT - 2 * DELTA, 3], [WEEKDAY, LONG - 2 * DELTA, 4], [WEEKDAY, NARROW - 2 * DELTA, 5]],
  D: [[7, NUMERIC, 1]],
  F: [[8, NUMERIC, 1]],
  d: [[DAY, NUMERIC, 1]],
  a: [[DAY_PERIOD, SHORT, 1], [DAY_PERIOD, LONG, 4], [DAY_PERIOD, NARROW, 5]],
  B: [[DAY_PERIOD, SHORT - 3 * DELTA, 1], [DAY_PERIOD, LONG - 3 * DELTA, 4], [DAY_PERIOD, NARROW - 3 * DELTA, 5]],
  H: [[HOUR, NUMERIC + 10 * DELTA, 1]],
  k: [[HOUR, NUMERIC + 11 * DELTA, 1]],
  h: [[HOUR, NUMERIC, 1]],
  K: [[HOUR, NUMERIC + DELTA, 1]],
  m: [[MINUTE, NUMERIC, 1]],
  s: [[SECOND, NUMERIC, 1]],
  S: [[FRACTION, NUMERIC, 1]],
  v: [[ZONE, SHORT - 2 * DELTA, 1], [ZONE, LONG - 2 * DELTA, 4]],
  z: [[ZONE, SHORT, 1], [ZONE, LONG, 4]],
  O: [[ZONE, SHORT - DELTA, 1], [ZONE, LONG - DELTA, 4]],
};

/** The form of a field's text: `[field, type, shortest length]`, or undefined. */
export const formOf = (text) => FORMS[text[0]]?.findLast(([, , shortest]) => shortest <= text.length);

/** A pattern as `{ field: 'MMM' }` and `{ literal: ' ' }`. */
export function parsePattern(pattern) {
  const items = [];
  const addLiteral = (text) => {
    const last = items.at(-1);
    if (last?.literal !== undefined) last.literal += text;
    else items.push({ literal: text });
  };
  for (const [text, quoted, field] of pattern.matchAll(/'((?:[^']|'')*)'|(([A-Za-z])\3*)|[^]/g)) {
    if (field !== undefined) items.push({ field });
    else if (quoted !== undefined) addLiteral(quoted === '' ? "'" : quoted.replaceAll("''", "'"));
    else addLiteral(text);
  }
  return items;
}

const quote = (literal) => (/[A-Za-z']/.test(literal) ? `'${literal.replaceAll("'", "''")}'` : literal);

/** The text of a pattern's items. */
export const joinPattern = (items) => items.map(({ field, literal }) => field ?? quote(literal)).join('');

/** What a pattern or a skeleton has: for each field its text and its type, and `base`, which is the same for all lengths of a form. */
export function skeletonOf(pattern) {
  const texts = new Array(COUNT).fill('');
  const types = new Int16Array(COUNT);
  const bases = new Array(COUNT).fill('');
  const set = (text, [field, type, shortest]) => {
    texts[field] = text;
    types[field] = type > 0 ? type + text.length : type;
    bases[field] = text[0].repeat(shortest);
  };
  for (const { field: text } of parsePattern(pattern)) {
    const form = text === undefined ? undefined : formOf(text);
    if (form !== undefined) set(text, form);
  }
  if (texts[MINUTE] !== '' && texts[FRACTION] !== '' && texts[SECOND] === '') set('s', formOf('s'));
  if (texts[HOUR] !== '') {
    const has12 = texts[HOUR][0] === 'h' || texts[HOUR][0] === 'K';
    if (has12 && texts[DAY_PERIOD] === '') set('a', formOf('a'));
    else if (!has12) texts[DAY_PERIOD] = bases[DAY_PERIOD] = '', types[DAY_PERIOD] = 0;
  }
  return { texts, types, base: bases.join('') };
}

const EXTRA = 0x10000;
const MISSING = 0x1000;

/** How far a known skeleton is from the wanted one, in the fields of `mask`: `{ distance, missing, extra }`, the latter as bits. */
export function distanceOf(wanted, known, mask) {
  let distance = 0;
  let missing = 0;
  let extra = 0;
  for (let field = 0; field < COUNT; field += 1) {
    const mine = mask & (1 << field) ? wanted[field] : 0;
    const other = known[field];
    if (mine === other) continue;
    if (mine === 0) {
      distance += EXTRA;
      extra |= 1 << field;
    } else if (other === 0) {
      distance += MISSING;
      missing |= 1 << field;
    } else distance += Math.abs(mine - other);
  }
  return { distance, missing, extra };
}
