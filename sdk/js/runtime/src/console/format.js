// `console.log`'s text: Node's `util.format`.
import { inspect } from './inspect.js';
import { textOfNumber } from './primitives.js';

/** What a placeholder makes of a value. */
const PLACEHOLDERS = {
  s: textOf,
  d: (value) => (typeof value === 'symbol' ? 'NaN' : textOfNumber(typeof value === 'bigint' ? value : Number(value))),
  i: (value) => (typeof value === 'symbol' ? 'NaN' : textOfNumber(typeof value === 'bigint' ? value : parseInt(value))),
  f: (value) => (typeof value === 'symbol' ? 'NaN' : textOfNumber(parseFloat(value))),
  j: jsonOf,
  o: (value) => inspect(value, { showHidden: true, depth: 4 }),
  O: (value) => inspect(value),
  c: () => '',
};

export function format(...parts) {
  let next = 0;
  let text = '';
  if (typeof parts[0] === 'string') {
    next = 1;
    text = parts.length === 1 ? parts[0] : parts[0].replace(/%([sdifjoOc%])/g, (all, kind) => {
      if (kind === '%') return '%';
      if (next >= parts.length) return all;
      next += 1;
      return PLACEHOLDERS[kind](parts[next - 1]);
    });
  }
  for (; next < parts.length; next += 1) {
    const part = parts[next];
    text += `${next === 0 ? '' : ' '}${typeof part === 'string' ? part : inspect(part)}`;
  }
  return text;
}

function textOf(value) {
  if (typeof value === 'number' || typeof value === 'bigint') return textOfNumber(value);
  if (typeof value !== 'object' || value === null || hasOwnText(value)) return String(value);
  return inspect(value, { depth: 0 });
}

/** Whether a class of the program says how its objects become text. */
function hasOwnText(value) {
  if (typeof value.toString !== 'function') return false;
  if (Object.hasOwn(value, 'toString')) return true;
  let object = value;
  do object = Object.getPrototypeOf(object);
  while (!Object.hasOwn(object, 'toString'));
  const { constructor } = object;
  return !(typeof constructor === 'function' && globalThis[constructor.name] === constructor);
}

function jsonOf(value) {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (/circular|cyclic/i.test(error.message)) return '[Circular]';
    throw error;
  }
}
