// Numbers that several jobs can change at the same time.
import { increment as hostIncrement } from '#host/atomics';
import { open } from '#host/kv';
import { ask } from './host-error.js';

export function increment(key, delta = 1) {
  return Number(ask(`\`${key}\` could not be incremented`, () => hostIncrement(open(''), key, BigInt(delta))));
}
