// `timingSafeEqual`.
import native from 'toril:engine/native';
import 'toril:engine/web';
import { coded } from '../errors.js';
import { toBytes } from './bytes.js';

/** Compares without showing by the time where the difference is. */
export function timingSafeEqual(left, right) {
  const [one, other] = [toBytes(left), toBytes(right)];
  if (one.length === other.length) return native.timingSafeEqual(one, other);
  throw coded(RangeError, 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', 'Input buffers must have the same byte length');
}
