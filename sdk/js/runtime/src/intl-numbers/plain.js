// The text of a number without options: at most three decimals, and commas between thousands. It is what most calls of
// `toLocaleString` ask for, and takes a tenth of the time of a formatter.

/** The text, or undefined for numbers that are left to the formatter. */
export function plainText(value) {
  if (typeof value === 'bigint') return grouped(String(value));
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return Object.is(value, -0) ? '-0' : grouped(String(value));
  const text = String(value);
  const [, whole, fraction] = /^(-?\d+)\.(\d+)$/.exec(text) ?? [];
  if (fraction === undefined || fraction.length > 3) return undefined;
  return `${grouped(whole)}.${fraction}`;
}

function grouped(text) {
  const start = text.startsWith('-') ? 1 : 0;
  let result = text;
  for (let at = text.length - 3; at > start; at -= 3) result = `${result.slice(0, at)},${result.slice(at)}`;
  return result;
}
