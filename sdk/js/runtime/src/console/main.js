// console, which writes to the job's log with Node's formatting.
import native from 'toril:engine/native';
import { defineGlobals } from 'toril:runtime/core';
import { format } from './format.js';
import { inspect } from './inspect.js';
import { table } from './table.js';

export { format };

const DEBUG = 0;
const INFO = 1;
const WARN = 2;
const ERROR = 3;

let indent = '';
const counts = new Map();
const timers = new Map();

function write(level, parts) {
  const text = parts.length === 1 && typeof parts[0] === 'string' ? parts[0] : format(...parts);
  native.log(level, indent === '' ? text : indent + text.replaceAll('\n', `\n${indent}`));
}

function elapsed(label) {
  const begun = timers.get(label);
  if (begun === undefined) {
    write(WARN, [`No such label '${label}' for console.timeEnd()`]);
    return undefined;
  }
  const ms = native.now() - begun;
  return ms >= 1000 ? `${label}: ${(ms / 1000).toFixed(3)}s` : `${label}: ${Number(ms.toPrecision(4))}ms`;
}

const methods = {
  debug: (...parts) => write(DEBUG, parts),
  log: (...parts) => write(INFO, parts),
  info: (...parts) => write(INFO, parts),
  warn: (...parts) => write(WARN, parts),
  error: (...parts) => write(ERROR, parts),
  dir: (value, options) => write(INFO, [inspect(value, { customInspect: false, ...options })]),
  dirxml: (...parts) => write(INFO, parts),
  trace(...parts) {
    const trace = { name: 'Trace', message: format(...parts) };
    Error.captureStackTrace(trace, methods.trace);
    const [, frames = ''] = /^.*?(\n    at .*)$/s.exec(trace.stack) ?? [];
    write(ERROR, [`Trace${trace.message === '' ? '' : `: ${trace.message}`}${frames}`]);
  },
  assert(condition, ...parts) {
    if (condition) return;
    if (typeof parts[0] === 'string') parts[0] = `Assertion failed: ${parts[0]}`;
    else parts.unshift('Assertion failed');
    write(WARN, parts);
  },
  count(label = 'default') {
    const count = (counts.get(`${label}`) ?? 0) + 1;
    counts.set(`${label}`, count);
    write(INFO, [`${label}: ${count}`]);
  },
  countReset: (label = 'default') => counts.delete(`${label}`),
  group(...parts) {
    if (parts.length > 0) write(INFO, parts);
    indent += '  ';
  },
  groupEnd: () => (indent = indent.slice(2)),
  table: (data, columns) => write(INFO, [table(data, columns)]),
  time: (label = 'default') => timers.set(`${label}`, native.now()),
  timeEnd(label = 'default') {
    const text = elapsed(`${label}`);
    timers.delete(`${label}`);
    if (text !== undefined) write(INFO, [text]);
  },
  timeLog(label = 'default', ...parts) {
    const text = elapsed(`${label}`);
    if (text !== undefined) write(INFO, [text, ...parts]);
  },
};
methods.groupCollapsed = methods.group;

const console = {};
for (const name of Object.keys(methods)) {
  // Named functions that take `undefined` as a result, as in Node.
  console[name] = { [name]: (...parts) => void methods[name](...parts) }[name];
}
Object.defineProperty(console, Symbol.toStringTag, { value: 'console', configurable: true });

defineGlobals({ console });
