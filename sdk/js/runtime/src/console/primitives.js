// The text of values that are no objects, and of names of properties.

const IDENTIFIER = /^[a-zA-Z_][a-zA-Z_0-9]*$/;
/** No quotes, and nothing to escape. */
const SIMPLE = /^[\x20-\x26\x28-\x5b\x5d-\x7e]*$/;
/** The break is used only for texts that are longer. */
const SHORT = 16;
const ESCAPES = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\' };

export const textOfNumber = (number) => (typeof number === 'bigint' ? `${number}n` : Object.is(number, -0) ? '-0' : `${number}`);

export function textOfPrimitive(context, value) {
  if (typeof value === 'string') return textOfString(context, value);
  if (typeof value === 'number' || typeof value === 'bigint') return textOfNumber(value);
  return String(value);
}

function textOfString({ maxStringLength, breakLength, indentation }, whole) {
  const left = whole.length - maxStringLength;
  const value = left > 0 ? whole.slice(0, maxStringLength) : whole;
  const rest = left > 0 ? `... ${left} more character${left > 1 ? 's' : ''}` : '';
  if (value.length > SHORT && value.length > breakLength - indentation - 4) {
    return value.split(/(?<=\n)/).map(quote).join(` +\n${' '.repeat(indentation + 2)}`) + rest;
  }
  return quote(value) + rest;
}

/** A text in the quotes that need no escapes, if there are such. */
export function quote(text) {
  if (SIMPLE.test(text)) return `'${text}'`;
  let mark = "'";
  if (text.includes("'")) mark = !text.includes('"') ? '"' : !text.includes('`') && !text.includes('${') ? '`' : "'";
  const unusual = mark === "'" ? /[\x00-\x1f\x27\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g : /[\x00-\x1f\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
  return mark + text.replace(unusual, escape) + mark;
}

function escape(char) {
  if (char === "'") return "\\'";
  const code = char.charCodeAt(0);
  if (code > 0xff) return `\\u${code.toString(16)}`;
  return ESCAPES[char] ?? `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`;
}

export function propertyName(key, isEnumerable = true) {
  if (typeof key === 'symbol') return `[${String(key)}]`;
  if (key === '__proto__') return "['__proto__']";
  if (!isEnumerable) return `[${key}]`;
  return IDENTIFIER.test(key) ? key : quote(key);
}
