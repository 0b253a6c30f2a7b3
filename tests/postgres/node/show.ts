// Values as JSON that keeps their classes.
export function show(value: unknown): unknown {
  if (value === undefined) return { undefined: true };
  if (typeof value === 'bigint') return { bigint: String(value) };
  if (typeof value === 'number' && !Number.isFinite(value)) return { number: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return { date: Number.isNaN(value.getTime()) ? 'invalid' : value.toISOString() };
  if (Buffer.isBuffer(value)) return { buffer: value.toString('hex') };
  if (value instanceof Error) return failure(value);
  if (Array.isArray(value)) return value.map(show);
  const { name } = value.constructor ?? { name: 'null' };
  const fields = Object.fromEntries(Object.entries(value).map(([key, field]) => [key, show(field)]));
  return name === 'Object' || name === 'null' ? fields : { class: name, ...fields };
}

/**
 * What programs look at in an error. The length of its message on the wire and the place in the server's source are no part of it.
 * The schema of temporary tables has a number that depends on the connection.
 */
export function failure(error: any) {
  const { name, message, severity, code, detail, hint, position, where, table, column, dataType, constraint } = error;
  const schema = error.schema?.replace(/^pg_temp_\d+$/, 'pg_temp');
  const fields = { severity, code, detail, hint, position, where, schema, table, column, dataType, constraint };
  return { class: error.constructor.name, name, message, ...JSON.parse(JSON.stringify(fields)) };
}

/** The result of a promise, or its error. */
export const settled = (promise: Promise<unknown>) => promise.then(show, failure);
