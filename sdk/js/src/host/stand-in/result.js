// The result of a job, outside of a component.
import { toJson } from '../../json.js';

/** A result as JSON text. */
export const writeResult = (result) => toJson('the result', result);
