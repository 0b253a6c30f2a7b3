// String.prototype.localeCompare in the order of English: letters before their accents before their case. QuickJS compares
// code units, which puts "C" before "a". What Unicode's default order has for other scripts is not included: they follow Latin
// letters in the order of their code points.

// In the order of CLDR's root collation.
const PUNCTUATION = '_-,;:!?.\'"()[]{}@*/\\&#%`^+<=>|~$';
const MARK = /\p{M}/u;
const SPACE = /\s/u;

const OF_SPACE = 0x100;
const OF_PUNCTUATION = 0x200;
const OF_DIGITS = 0x1000;
const OF_LETTERS = 0x2000;

function primaryOf(char) {
  if (char >= '0' && char <= '9') return OF_DIGITS + char.charCodeAt(0);
  const known = PUNCTUATION.indexOf(char);
  if (known !== -1) return OF_PUNCTUATION + known;
  if (SPACE.test(char)) return OF_SPACE + char.charCodeAt(0) / 0x10000;
  return OF_LETTERS + char.toLowerCase().codePointAt(0);
}

/** `[base characters, marks, original characters]` of a text, one entry a base character. */
function keysOf(text) {
  const bases = [];
  for (const char of text.normalize('NFD')) {
    if (MARK.test(char) && bases.length > 0) bases.at(-1).marks += char;
    else bases.push({ primary: primaryOf(char), marks: '', char });
  }
  return bases;
}

const sign = (left, right) => (left < right ? -1 : left > right ? 1 : 0);
const isDigit = ({ primary }) => primary >= OF_DIGITS && primary < OF_LETTERS;

/** With `numeric`, a run of digits is one key with the value of the number. */
function joinNumbers(keys) {
  const joined = [];
  for (const key of keys) {
    const last = joined.at(-1);
    if (isDigit(key) && last?.digits !== undefined) last.digits += key.char;
    else joined.push(isDigit(key) ? { primary: OF_DIGITS, marks: '', char: '', digits: key.char } : key);
  }
  return joined;
}

function comparePrimary(left, right) {
  if (left.digits === undefined || right.digits === undefined) return sign(left.primary, right.primary);
  const [a, b] = [left.digits, right.digits].map((digits) => digits.replace(/^0+/, ''));
  return sign(a.length, b.length) || sign(a, b);
}

/** Lower case comes first. */
const compareCase = (left, right) => sign(right.char === right.char.toLowerCase() ? 1 : 0, left.char === left.char.toLowerCase() ? 1 : 0);

function compareBy(left, right, compare) {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const order = compare(left[at], right[at]);
    if (order !== 0) return order;
  }
  return sign(left.length, right.length);
}

const ASCII_LOWER = /^[a-z0-9]*$/;

export function compare(left, right, { numeric = false, sensitivity = 'variant' } = {}) {
  if (left === right) return 0;
  // The order of code units is the same for these.
  if (!numeric && ASCII_LOWER.test(left) && ASCII_LOWER.test(right)) return sign(left, right);
  const keys = [left, right].map((text) => (numeric ? joinNumbers(keysOf(text)) : keysOf(text)));
  const primary = compareBy(...keys, comparePrimary);
  if (primary !== 0 || sensitivity === 'base') return primary;
  const accents = sensitivity === 'case' ? 0 : compareBy(...keys, (a, b) => sign(a.marks, b.marks));
  if (accents !== 0 || sensitivity === 'accent') return accents;
  return compareBy(...keys, compareCase);
}

const method = {
  localeCompare(that, locales = undefined, options = undefined) {
    const numeric = options?.numeric ?? /-u(?:-[a-z0-9]+)*-kn(?!-false)/.test(String(locales ?? ''));
    return compare(String(this), String(that), { numeric: Boolean(numeric), sensitivity: options?.sensitivity });
  },
};
Object.defineProperty(String.prototype, 'localeCompare', { value: method.localeCompare, writable: true, configurable: true });
