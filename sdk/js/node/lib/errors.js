// Errors with Node's codes.

/** An error as Node's own modules throw it: with `code`, and the code in its stack. */
export function coded(Base, code, message) {
  const error = new Base(message);
  error.code = code;
  if (typeof error.stack === 'string') error.stack = error.stack.replace(error.name, `${error.name} [${code}]`);
  return error;
}

/** The error of an argument of the wrong type. */
export const wrongType = (name, expected, actual) =>
  coded(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be ${expected}.${received(actual)}`);

function received(value) {
  if (value == null) return ` Received ${value}`;
  if (typeof value === 'function') return ` Received function ${value.name}`;
  if (typeof value === 'object') {
    return value.constructor?.name ? ` Received an instance of ${value.constructor.name}` : ' Received an object';
  }
  return ` Received type ${typeof value} (${String(value).slice(0, 28)})`;
}

/** Something that a plugin does not have. The advice names the alternative. */
export const unavailable = (what, advice, code = 'ERR_NOT_AVAILABLE_IN_PLUGIN') =>
  coded(Error, code, `${what} is not available in a plugin: ${advice}`);
