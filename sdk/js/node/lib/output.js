// Where a plugin's standard output goes: lines of the job's log.
import EventEmitter from '../events.js';
import native from 'toril:engine/native';
import { nextTick } from './next-tick.js';
import { decode } from './text-encodings.js';

const INFO = 1;
const ERROR = 3;

/** The rest of a line, for each level. */
const unfinished = new Map();

/** Writes text to the log, a line at a time. */
export function writeLines(level, text) {
  const lines = ((unfinished.get(level) ?? '') + text).split('\n');
  const rest = lines.pop();
  for (const line of lines) native.log(level, line);
  if (rest === '') unfinished.delete(level);
  else if (unfinished.size === 0 || !unfinished.has(level)) {
    unfinished.set(level, rest);
    // A line without an end is complete when nothing follows it at once.
    setTimeout(() => flush(level), 0);
  } else unfinished.set(level, rest);
}

function flush(level) {
  const rest = unfinished.get(level);
  unfinished.delete(level);
  if (rest !== undefined) native.log(level, rest);
}

/** Writes to a file descriptor: 1 or 2. */
export const writeDescriptor = (descriptor, data) =>
  writeLines(descriptor === 2 ? ERROR : INFO, typeof data === 'string' ? data : decode(data, 'utf8'));

/**
 * `process.stdout` or `process.stderr`. Not of the class `Writable`, which would add `stream` to almost every bundle.
 */
export function makeOutput(descriptor) {
  const stream = new EventEmitter();
  const write = (chunk, encoding, callback = encoding) => {
    writeDescriptor(descriptor, chunk);
    if (typeof callback === 'function') nextTick(callback);
    return true;
  };
  const end = (chunk, encoding, callback = encoding ?? chunk) => {
    if (chunk !== undefined && typeof chunk !== 'function') writeDescriptor(descriptor, chunk);
    if (typeof callback === 'function') nextTick(callback);
    return stream;
  };
  return Object.assign(stream, {
    write,
    end,
    writeSync: (data) => writeDescriptor(descriptor, data),
    destroy: () => stream,
    cork() {},
    uncork() {},
    setDefaultEncoding: () => stream,
    getColorDepth: () => 1,
    hasColors: () => false,
    fd: descriptor,
    isTTY: false,
    writable: true,
    writableLength: 0,
    writableHighWaterMark: 16384,
    _type: 'pipe',
  });
}
