// The result of a job, in a component. The engine writes it in its own memory, which saves two copies of the text.
import native from 'toril:engine/native';

/** Gives a result to the engine, which reports it when the handler has ended. Throws if the result has no JSON. */
export function writeResult(result) {
  try {
    if (native.writeResult(result === undefined ? null : result)) return undefined;
  } catch (error) {
    throw new TypeError(`the result cannot be written as JSON: ${error.message}`);
  }
  throw new TypeError(`the result cannot be written as JSON: it is a ${typeof result}`);
}

/** The same for a result that JSON may change: a value without JSON becomes null. */
export function writeAnyResult(result) {
  if (!native.writeResult(result)) native.writeResult(null);
}
