// `node:assert/strict`.
import { strict } from '../assert.js';

export {
  AssertionError,
  CallTracker,
  deepStrictEqual as deepEqual,
  deepStrictEqual,
  doesNotMatch,
  doesNotReject,
  doesNotThrow,
  fail,
  ifError,
  match,
  notDeepStrictEqual as notDeepEqual,
  notDeepStrictEqual,
  notStrictEqual as notEqual,
  notStrictEqual,
  ok,
  rejects,
  strict,
  strictEqual as equal,
  strictEqual,
  throws,
} from '../assert.js';
export default strict;
