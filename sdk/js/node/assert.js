// `node:assert`: the npm package `assert`, which is Node's own code.
import assert from 'assert';
import { unavailable } from './lib/errors.js';

export const {
  AssertionError,
  deepEqual,
  deepStrictEqual,
  doesNotMatch,
  doesNotReject,
  doesNotThrow,
  equal,
  fail,
  ifError,
  match,
  notDeepEqual,
  notDeepStrictEqual,
  notEqual,
  notStrictEqual,
  ok,
  rejects,
  strict,
  strictEqual,
  throws,
} = assert;

export const CallTracker = function CallTracker() {
  throw unavailable('assert.CallTracker', 'count the calls yourself. Node has deprecated it as well');
};
assert.CallTracker = CallTracker;
export default assert;
