// The text of a value, as Node's `util.inspect` gives it. Small, because every plugin that uses `console` has it. A plugin
// that imports `node:util` has Node's own code for its `inspect`.
import native from 'toril:engine/native';
import { arrange, groupInColumns } from './layout.js';
import { propertyName, textOfNumber, textOfPrimitive } from './primitives.js';

const CUSTOM = Symbol.for('nodejs.util.inspect.custom');
const DEFAULTS = { showHidden: false, depth: 2, customInspect: true, maxArrayLength: 100, maxStringLength: 10_000, breakLength: 80, compact: 3 };
/** What the keys of a value come after: nothing, entries with keys, or the items of an array. */
const OBJECT = 0;
const ITEM = 1;
const ARRAY = 2;

export function inspect(value, options) {
  const context = { ...DEFAULTS, seen: [], circular: undefined, indentation: 0, currentDepth: 0, ...options };
  for (const name of ['maxArrayLength', 'maxStringLength', 'depth']) context[name] ??= Infinity;
  return show(context, value, 0, true);
}

function show(context, value, depth, isTop) {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return textOfPrimitive(context, value);
  if (context.customInspect) {
    const custom = value[CUSTOM];
    if (typeof custom === 'function' && custom !== inspect && value.constructor?.prototype !== value) {
      const shown = custom.call(value, context.depth - depth, optionsOf(context, depth), inspect);
      if (shown !== value) {
        if (typeof shown !== 'object') return `${shown}`;
        return show(context, shown, depth).replaceAll('\n', `\n${' '.repeat(context.indentation)}`);
      }
    }
  }
  if (context.seen.includes(value)) {
    context.circular ??= new Map();
    if (!context.circular.has(value)) context.circular.set(value, context.circular.size + 1);
    return `[Circular *${context.circular.get(value)}]`;
  }
  return showObject(context, value, depth, isTop);
}

const optionsOf = ({ seen, circular, indentation, currentDepth, ...options }, depth) => ({ ...options, depth: options.depth - depth, stylize: String });

function showObject(context, value, depth, isTop) {
  const constructor = constructorOf(value);
  const tag = tagOf(value, constructor);
  const shape = shapeOf(context, value, constructor, tag);
  const { keys, type = OBJECT, items = () => [], open = '{', close = '}' } = shape;
  let { base = '' } = shape;
  if (shape.whole !== undefined) return shape.whole;
  if (depth > context.depth) return `[${prefixOf(constructor, tag, 'Object').slice(0, -1)}]`.replace(/^\[\[(.*)\]\]$/, '[$1]');
  context.seen.push(value);
  context.currentDepth = depth + 1;
  const output = items(depth + 1);
  for (const key of keys) output.push(showProperty(context, value, depth + 1, key, type === ARRAY ? ARRAY : OBJECT));
  context.seen.pop();
  const index = context.circular?.get(value);
  if (index !== undefined) base = base === '' ? `<ref *${index}>` : `<ref *${index}> ${base}`;
  const entries = type === ARRAY && output.length > 6 ? groupInColumns(context, output, value) : output;
  const isOneLine = context.currentDepth - (depth + 1) < context.compact && entries === output;
  return arrange(context, entries, base, open, close, isOneLine);
}

/** How a value is shown: as a whole, or with its parts. */
function shapeOf(context, value, constructor, tag) {
  if (Array.isArray(value)) {
    const prefix = constructor === 'Array' && tag === '' ? '' : prefixOf(constructor, tag, 'Array', `(${value.length})`);
    const keys = otherKeys(context, value);
    if (value.length === 0 && keys.length === 0) return { whole: `${prefix}[]` };
    return { keys, type: ARRAY, open: `${prefix}[`, close: ']', items: (depth) => itemsOf(context, value, depth) };
  }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const prefix = prefixOf(constructor, tag, Object.getPrototypeOf(value)?.[Symbol.toStringTag] ?? 'TypedArray', `(${value.length})`);
    const keys = otherKeys(context, value);
    if (value.length === 0 && keys.length === 0) return { whole: `${prefix}[]` };
    return { keys, type: ARRAY, open: `${prefix}[`, close: ']', items: () => numbersOf(context, value) };
  }
  const keys = keysOf(context, value);
  // Most objects are plain, and the tests below are many.
  if (constructor === 'Object' && tag === '' && Object.getPrototypeOf(value) === Object.prototype && Object.prototype.toString.call(value) === '[object Object]') {
    return keys.length === 0 ? { whole: '{}' } : { keys };
  }
  if (is(value, Set, 'size')) {
    const prefix = prefixOf(constructor, tag, 'Set', `(${value.size})`);
    if (value.size === 0 && keys.length === 0) return { whole: `${prefix}{}` };
    return { keys, open: `${prefix}{`, items: (depth) => entriesOf(context, Set.prototype.values.call(value), (item) => show(context, item, depth)) };
  }
  if (is(value, Map, 'size')) {
    const prefix = prefixOf(constructor, tag, 'Map', `(${value.size})`);
    if (value.size === 0 && keys.length === 0) return { whole: `${prefix}{}` };
    const pair = (depth) => ([key, item]) => `${show(context, key, depth)} => ${show(context, item, depth)}`;
    return { keys, open: `${prefix}{`, items: (depth) => entriesOf(context, Map.prototype.entries.call(value), pair(depth)) };
  }
  const base = baseOf(context, value, constructor, tag, keys);
  if (base !== undefined) return keys.length === 0 ? { whole: base } : { keys, base };
  const inner = innerOf(context, value, constructor, tag);
  if (inner) return { keys, ...inner };
  const isArguments = Object.prototype.toString.call(value) === '[object Arguments]';
  const prefix = isArguments ? '[Arguments] ' : constructor === 'Object' && tag === '' ? '' : prefixOf(constructor, tag, 'Object');
  return keys.length === 0 ? { whole: `${prefix}{}` } : { keys, open: `${prefix}{` };
}

/** The text of a value that is shown before its keys. Undefined: it is an object like others. */
function baseOf(context, value, constructor, tag, keys) {
  const prefixed = (text, name) => (constructor === name && tag === '' ? text : `${prefixOf(constructor, tag, name)}${text}`);
  if (typeof value === 'function') return textOfFunction(value, constructor, tag);
  if (value instanceof RegExp) return prefixed(RegExp.prototype.toString.call(value), 'RegExp');
  if (is(value, Date, 'getTime')) return prefixed(Number.isNaN(Date.prototype.getTime.call(value)) ? 'Invalid Date' : Date.prototype.toISOString.call(value), 'Date');
  if (isError(value)) return textOfError(context, value, constructor, keys);
  for (const type of [Number, String, Boolean, BigInt, Symbol]) {
    if (!is(value, type, 'valueOf')) continue;
    if (type === String) keys.splice(0, value.length);
    const text = textOfPrimitive({ ...context, indentation: 0, maxStringLength: Infinity, breakLength: Infinity }, type.prototype.valueOf.call(value));
    const name = constructor === null ? `${type.name} (null prototype)` : constructor === type.name ? type.name : `${type.name} (${constructor})`;
    return `[${name}: ${text}]${tag !== '' && tag !== constructor ? ` [${tag}]` : ''}`;
  }
  return undefined;
}

/** What a script sees only in part. */
function innerOf(context, value, constructor, tag) {
  if (value instanceof Promise) {
    const [isSettled, isFulfilled, result] = native.promiseState(value);
    const items = (depth) => {
      if (!isSettled) return ['<pending>'];
      context.indentation += 2;
      const text = show(context, result, depth);
      context.indentation -= 2;
      return [isFulfilled ? text : `<rejected> ${text}`];
    };
    return { open: `${prefixOf(constructor, tag, 'Promise')}{`, items };
  }
  for (const type of [WeakMap, WeakSet]) {
    if (value instanceof type) return { open: `${prefixOf(constructor, tag, type.name)}{`, items: () => ['<items unknown>'] };
  }
  if (value instanceof ArrayBuffer) {
    const bytes = new Uint8Array(value);
    const shown = Array.from(bytes.subarray(0, context.maxArrayLength), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const more = bytes.length - context.maxArrayLength;
    const contents = `[Uint8Contents]: <${shown}${more > 0 ? ` ... ${more} more byte${more > 1 ? 's' : ''}` : ''}>`;
    return { open: `${prefixOf(constructor, tag, 'ArrayBuffer')}{`, items: () => [contents, `byteLength: ${value.byteLength}`] };
  }
  if (value instanceof DataView) {
    const names = ['byteLength', 'byteOffset', 'buffer'];
    return { open: `${prefixOf(constructor, tag, 'DataView')}{`, items: (depth) => names.map((name) => showProperty(context, value, depth, name, OBJECT, { value: value[name], enumerable: true })) };
  }
  return undefined;
}

const isError = (value) => value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';

/** Whether a value is of a class of the language, and not only made to look so. */
function is(value, type, probe) {
  if (!(value instanceof type)) return false;
  try {
    const { get, value: method } = Object.getOwnPropertyDescriptor(type.prototype, probe);
    (get ?? method).call(value);
    return true;
  } catch {
    return false;
  }
}

/** The name of the nearest constructor, or null. */
function constructorOf(value) {
  for (let object = value; object !== null; object = Object.getPrototypeOf(object)) {
    const constructor = Object.getOwnPropertyDescriptor(object, 'constructor')?.value;
    if (typeof constructor === 'function' && constructor.name !== '' && value instanceof Object(constructor)) return String(constructor.name);
  }
  return null;
}

function tagOf(value, constructor) {
  const tag = value[Symbol.toStringTag];
  if (typeof tag !== 'string' || tag === '' || Object.prototype.propertyIsEnumerable.call(value, Symbol.toStringTag)) return '';
  return tag === constructor ? '' : tag;
}

function prefixOf(constructor, tag, fallback, size = '') {
  const shown = tag === '' || (constructor ?? fallback) === tag ? '' : `[${tag}] `;
  if (constructor === null) return `[${fallback}${size}: null prototype] ${shown}`;
  return `${constructor}${size} ${shown}`;
}

function keysOf({ showHidden }, value) {
  if (showHidden) return Reflect.ownKeys(value);
  const symbols = Object.getOwnPropertySymbols(value).filter((symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol));
  return symbols.length === 0 ? Object.keys(value) : [...Object.keys(value), ...symbols];
}

/** The keys of an array that are no indices. */
function otherKeys(context, value) {
  if (!context.showHidden && Object.keys(value).length === value.length && Object.getOwnPropertySymbols(value).length === 0) return [];
  return keysOf(context, value).filter((key) => typeof key === 'symbol' || !(/^(0|[1-9]\d*)$/.test(key) && key < 2 ** 32 - 1));
}

function showProperty(context, object, depth, key, type, descriptor = Object.getOwnPropertyDescriptor(object, key) ?? { value: object[key], enumerable: true }) {
  const { value, get, set, enumerable } = descriptor;
  let text = 'undefined';
  if (value !== undefined) {
    context.indentation += 2;
    text = show(context, value, depth);
    context.indentation -= 2;
  } else if (get || set) {
    text = get ? (set ? '[Getter/Setter]' : '[Getter]') : '[Setter]';
  }
  return type === ITEM ? text : `${propertyName(key, enumerable)}: ${text}`;
}

const more = (count) => `... ${count} more item${count > 1 ? 's' : ''}`;

/** The items of an array, with its holes. */
function itemsOf(context, array, depth) {
  const output = [];
  let at = 0;
  while (at < array.length && output.length < context.maxArrayLength) {
    if (Object.hasOwn(array, at)) {
      output.push(showProperty(context, array, depth, at, ITEM));
      at += 1;
      continue;
    }
    const start = at;
    const next = Object.keys(array).find((key) => key >= start && /^\d+$/.test(key));
    at = next === undefined ? array.length : Number(next);
    output.push(`<${at - start} empty item${at - start > 1 ? 's' : ''}>`);
  }
  if (at < array.length) output.push(more(array.length - at));
  return output;
}

function numbersOf(context, array) {
  const output = Array.from(array.subarray(0, context.maxArrayLength), textOfNumber);
  if (array.length > output.length) output.push(more(array.length - output.length));
  return output;
}

function entriesOf(context, iterator, text) {
  const output = [];
  let left = 0;
  context.indentation += 2;
  for (const entry of iterator) {
    if (output.length < context.maxArrayLength) output.push(text(entry));
    else left += 1;
  }
  context.indentation -= 2;
  if (left > 0) output.push(more(left));
  return output;
}

function textOfFunction(value, constructor, tag) {
  const name = value.name === '' ? '(anonymous)' : value.name;
  if (isClass(value)) {
    const parent = Object.getPrototypeOf(value)?.name;
    const own = constructor === 'Function' || constructor === null ? '' : ` [${constructor}]`;
    const ofTag = tag !== '' && constructor !== tag ? ` [${tag}]` : '';
    const of = constructor === null ? ' extends null' : parent ? ` extends ${parent}` : '';
    return `[class ${name}${own}${ofTag}${of}]`;
  }
  const type = /^(Async|Generator|AsyncGenerator)Function$/.exec(value[Symbol.toStringTag])?.[0] ?? 'Function';
  const base = `[${type}${constructor === null ? ' (null prototype)' : ''}${value.name === '' ? ' (anonymous)' : `: ${value.name}`}]`;
  const ofType = constructor !== type && constructor !== null ? ` ${constructor}` : '';
  return `${base}${ofType}${tag !== '' && constructor !== tag ? ` [${tag}]` : ''}`;
}

/** The engine keeps no source text. A class has a fixed prototype, and so have the functions of the language. */
function isClass(value) {
  const prototype = Object.getOwnPropertyDescriptor(value, 'prototype');
  return prototype !== undefined && prototype.writable === false && globalThis[value.name] !== value;
}

function textOfError(context, error, constructor, keys) {
  const name = error.name == null ? 'Error' : String(error.name);
  let stack = error.stack ? String(error.stack) : Error.prototype.toString.call(error);
  for (const key of ['name', 'message', 'stack']) {
    const at = keys.indexOf(key);
    if (at !== -1 && stack.includes(error[key])) keys.splice(at, 1);
  }
  if ('cause' in error && !keys.includes('cause')) keys.push('cause');
  if (Array.isArray(error.errors) && !keys.includes('errors')) keys.push('errors');
  stack = withClass(stack, constructor, name);
  const message = error.message ? stack.indexOf(error.message) : -1;
  const frames = stack.indexOf('\n    at', message === -1 ? 0 : message + error.message.length);
  if (frames === -1) stack = `[${stack}]`;
  return context.indentation === 0 ? stack : stack.replaceAll('\n', `\n${' '.repeat(context.indentation)}`);
}

/** A stack that names the error's class, where it begins with another name. */
function withClass(stack, constructor, name) {
  const isUsual = name.endsWith('Error') && stack.startsWith(name) && [undefined, ':', '\n'].includes(stack[name.length]);
  if (constructor === null) {
    const rest = /^([A-Z][\w [\]()-]*)(?=:|\n\s+at)/.exec(stack)?.[1] ?? name;
    return `[${rest}: null prototype]${stack.slice(rest.length)}`;
  }
  if (!isUsual || constructor === name) return stack;
  return constructor.includes(name) ? `${constructor}${stack.slice(name.length)}` : `${constructor} [${name}]${stack.slice(name.length)}`;
}
