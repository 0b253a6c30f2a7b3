// The bytes of secrets. A file of its own, so that hashes need nothing of what makes keys.
import { toBytes } from './bytes.js';

/** The member of a KeyObject with the bytes of its secret. */
export const SECRET = Symbol('secret');

/** The bytes of a secret: a KeyObject, or what Node takes for bytes. */
export const secretOf = (key) => key?.[SECRET] ?? toBytes(key, undefined, 'key');
