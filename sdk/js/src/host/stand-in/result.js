// The result of a job, outside of a component.
import { toJson } from '../../json.js';

/** A result as JSON text. */
export const writeResult = (result) => toJson('the result', result);

/** The same for a result that JSON may change: a value without JSON becomes null. */
export const writeAnyResult = (result) => JSON.stringify(result) ?? 'null';
