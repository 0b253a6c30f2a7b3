// `node:util`. `inspect` and `format` are Node's own code.
import { format, formatWithOptions, inspect } from 'toril:runtime/inspect';
import { isDeepStrictEqual as isEqual } from 'assert/build/internal/util/comparisons.js';
import { coded, unavailable, wrongType } from './lib/errors.js';
import * as types from './util/types.js';

export { format, formatWithOptions, inspect, types };
export const { TextDecoder, TextEncoder } = globalThis;
export const isDeepStrictEqual = (left, right) => isEqual(left, right);

/** Gives a class of the old style a parent. */
export function inherits(constructor, parent) {
  if (typeof constructor !== 'function') throw wrongType('ctor', 'of type function', constructor);
  if (typeof parent !== 'function') throw wrongType('superCtor', 'of type function', parent);
  Object.defineProperty(constructor, 'super_', { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(constructor.prototype, parent.prototype);
}

const custom = Symbol.for('nodejs.util.promisify.custom');

/** A function that returns a promise instead of calling back. */
export function promisify(original) {
  if (typeof original !== 'function') throw wrongType('original', 'of type function', original);
  if (original[custom]) return original[custom];
  // Its callback is the first argument.
  if (original === globalThis.setTimeout)
    return (delay, value) => new Promise((resolve) => original(resolve, delay, value));
  function promisified(...args) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [...args, (error, value) => (error ? reject(error) : resolve(value))]);
    });
  }
  Object.setPrototypeOf(promisified, Object.getPrototypeOf(original));
  Object.defineProperties(promisified, Object.getOwnPropertyDescriptors(original));
  return promisified;
}
promisify.custom = custom;

/** A function that calls back instead of returning a promise. */
export function callbackify(original) {
  if (typeof original !== 'function') throw wrongType('original', 'of type function', original);
  return function callbackified(...args) {
    const callback = args.pop();
    const fail = (reason) =>
      callback(
        reason ||
          Object.assign(coded(Error, 'ERR_FALSY_VALUE_REJECTION', 'Promise was rejected with falsy value'), { reason }),
      );
    // Outside of the promise, so that an error of the callback is not a rejection.
    Reflect.apply(original, this, args).then(
      (value) => queueMicrotask(() => callback(null, value)),
      (reason) => queueMicrotask(() => fail(reason)),
    );
  };
}

const warned = new Set();

/** A function that warns at its first call. */
export function deprecate(original, message, code) {
  let isWarned = false;
  function deprecated(...args) {
    if (!isWarned && !(code && warned.has(code))) {
      isWarned = true;
      warned.add(code);
      console.warn(`DeprecationWarning: ${code ? `[${code}] ` : ''}${message}`);
    }
    return new.target ? Reflect.construct(original, args, new.target) : Reflect.apply(original, this, args);
  }
  Object.setPrototypeOf(deprecated, original);
  if (original.prototype) deprecated.prototype = original.prototype;
  return deprecated;
}

/** `NODE_DEBUG` has no effect in a plugin: the function never writes. */
export const debuglog = () => Object.assign(() => {}, { enabled: false });
export const debug = debuglog;

/** Aborted when the signal is. */
export const aborted = (signal) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const STYLES = inspect.colors ?? {};

/** Text with the escape sequences of a style. */
export function styleText(style, text) {
  return [style].flat().reduceRight((inner, name) => {
    const codes = STYLES[name];
    if (!codes)
      throw coded(
        TypeError,
        'ERR_INVALID_ARG_VALUE',
        `The argument 'format' must be a style of util.inspect.colors. Received '${name}'`,
      );
    return `\u001B[${codes[0]}m${inner}\u001B[${codes[1]}m`;
  }, text);
}

/** A text without the escape sequences of a terminal. */
export const stripVTControlCharacters = (text) =>
  text.replace(
    /[\u001B\u009B][[\]()#;?]*(?:(?:(?:[a-zA-Z\d]*(?:;[-a-zA-Z\d/#&.:=?%@~_]*)*)?\u0007)|(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-ntqry=><~]))/g,
    '',
  );

export const toUSVString = (text) => String(text).toWellFormed();
export const log = (...values) => console.log(format(...values));
export function parseArgs() {
  throw unavailable('util.parseArgs', 'a plugin has no command line. Pass options in the data of the job');
}

const refuse = (name, advice) =>
  function refused() {
    throw unavailable(`util.${name}`, advice);
  };
export const MIMEType = /* @__PURE__ */ refuse(
  'MIMEType',
  'split the text, or use an npm package such as content-type',
);
export const MIMEParams = MIMEType;
export const parseEnv = /* @__PURE__ */ refuse('parseEnv', 'use `parse` of the npm package dotenv');
export const getSystemErrorName = /* @__PURE__ */ refuse('getSystemErrorName', 'read the `code` of the error');
export const getSystemErrorMap = () => new Map();
export const transferableAbortController = () => new AbortController();
export const transferableAbortSignal = (signal) => signal;
/** Node's own name of it. */
export const _extend = (target, source) => (isObject(source) ? Object.assign(target, source) : target);

export const { isArray } = Array;
export const isBoolean = (value) => typeof value === 'boolean';
export const isNull = (value) => value === null;
export const isNullOrUndefined = (value) => value == null;
export const isNumber = (value) => typeof value === 'number';
export const isString = (value) => typeof value === 'string';
export const isSymbol = (value) => typeof value === 'symbol';
export const isUndefined = (value) => value === undefined;
export const isObject = (value) => value !== null && typeof value === 'object';
export const isFunction = (value) => typeof value === 'function';
export const isPrimitive = (value) => !isObject(value) && !isFunction(value);
export const isBuffer = (value) => value?.constructor?.isBuffer?.(value) ?? false;
export const { isDate, isRegExp, isNativeError: isError } = types;

const util = {
  MIMEParams,
  MIMEType,
  TextDecoder,
  TextEncoder,
  _extend,
  aborted,
  callbackify,
  debug,
  debuglog,
  deprecate,
  format,
  formatWithOptions,
  getSystemErrorMap,
  getSystemErrorName,
  inherits,
  inspect,
  isArray,
  isBoolean,
  isBuffer,
  isDate,
  isDeepStrictEqual,
  isError,
  isFunction,
  isNull,
  isNullOrUndefined,
  isNumber,
  isObject,
  isPrimitive,
  isRegExp,
  isString,
  isSymbol,
  isUndefined,
  log,
  parseArgs,
  parseEnv,
  promisify,
  stripVTControlCharacters,
  styleText,
  toUSVString,
  transferableAbortController,
  transferableAbortSignal,
  types,
};
export default util;
