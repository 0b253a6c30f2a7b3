// Conversion of values for the host.

/** A value as JSON text; `undefined` becomes `null`. Throws a TypeError that says why a value cannot be written. */
export function toJson(what, value) {
  let text;
  try {
    text = JSON.stringify(value === undefined ? null : value);
  } catch (error) {
    throw new TypeError(`${what} cannot be written as JSON: ${error.message}`);
  }
  if (text === undefined) throw new TypeError(`${what} cannot be written as JSON: it is a ${typeof value}`);
  return text;
}
