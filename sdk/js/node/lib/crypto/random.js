// Random bytes, numbers and identifiers. Each call asks the host, so that no snapshot repeats them.
import native from 'toril:engine/native';
import { coded, wrongType } from '../errors.js';
import { nextTick } from '../next-tick.js';
import { output } from './bytes.js';

/** The engine gives this many bytes in one call. */
const MOST = 65_536;

function fill(bytes) {
  for (let at = 0; at < bytes.length; at += MOST) bytes.set(native.randomBytes(Math.min(MOST, bytes.length - at)), at);
  return bytes;
}

export function randomBytes(size, callback) {
  if (typeof size !== 'number') throw wrongType('size', 'of type number', size);
  if (!(size >= 0 && size <= 2 ** 31 - 1)) {
    throw coded(
      RangeError,
      'ERR_OUT_OF_RANGE',
      `The value of "size" is out of range. It must be >= 0 && <= 2147483647. Received ${size}`,
    );
  }
  const bytes = output(fill(new Uint8Array(size)));
  if (!callback) return bytes;
  nextTick(callback, null, bytes);
}

export function randomFillSync(target, offset = 0, size) {
  const whole = ArrayBuffer.isView(target)
    ? new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
    : new Uint8Array(target);
  const unit = target.BYTES_PER_ELEMENT ?? 1;
  fill(whole.subarray(offset * unit, size === undefined ? undefined : (offset + size) * unit));
  return target;
}

export function randomFill(target, ...rest) {
  const callback = rest.pop();
  nextTick(callback, null, randomFillSync(target, ...rest));
}

/** A whole number from `min` to below `max`. */
export function randomInt(min, max, callback) {
  if (max === undefined || typeof max === 'function') return randomInt(0, min, max);
  if (!Number.isSafeInteger(min)) throw wrongType('min', 'a safe integer', min);
  if (!Number.isSafeInteger(max)) throw wrongType('max', 'a safe integer', max);
  const range = max - min;
  if (!(range > 0 && range <= 2 ** 48 - 1)) {
    throw coded(
      RangeError,
      'ERR_OUT_OF_RANGE',
      `The value of "max" is out of range. It must be greater than the value of "min" (${min}). Received ${max}`,
    );
  }
  // Values above the last multiple of the range would make small results more likely.
  const limit = 2 ** 48 - (2 ** 48 % range);
  let value;
  do value = randomBytes(6).readUIntBE(0, 6);
  while (value >= limit);
  const result = min + (value % range);
  if (!callback) return result;
  nextTick(callback, null, result);
}

export function randomUUID() {
  const bytes = native.randomBytes(16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const text = native.hexEncode(bytes);
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}
