// What console.log writes. `format` is the function behind it, on either side.
import { format } from 'conformance:format';

const VALUES = {
  scalars: [1, -0, 'a', "it's", true, null, undefined, 10n, Symbol('s')],
  nested: { a: { b: { c: { d: 1 } } } },
  long: Array.from({ length: 120 }, (_, at) => at),
  words: Array.from({ length: 30 }, (_, at) => 'word' + at),
  wide: Object.fromEntries(Array.from({ length: 30 }, (_, at) => ['key' + at, 'value'.repeat(at % 4)])),
  collections: [new Map([['a', { b: 1 }]]), new Set([1, [2]]), new WeakMap()],
  binary: [new Uint8Array([1, 2, 3]), new ArrayBuffer(3)],
  functions: [function named() {}, () => {}, class A {}, class B extends Map {}, async () => {}, function* generator() {}],
  odd: { 'a-b': 1, 1: 2, [Symbol('k')]: 3, get x() { return 1; }, set y(value) {}, get z() { return 1; }, set z(value) {} },
  instance: new (class Point { x = 1; #y = 2; })(),
  bare: Object.assign(Object.create(null), { a: 1 }),
  dates: [new Date(0), new Date(NaN)],
  regexp: /a/g,
  text: 'line\nline',
  texts: ['line\nline', 'x'.repeat(120)],
  boxed: [Object(1), Object('a')],
  sparse: [1, , , 4],
  extra: Object.assign([1], { a: 2 }),
  params: new URLSearchParams('a=1&b=2'),
  url: new URL('http://a/b?c'),
  promise: [Promise.resolve(1)],
  cycle: (() => { const value = { a: [] }; value.a.push(value); return value; })(),
};

export function cases(add) {
  for (const [name, value] of Object.entries(VALUES)) add(name, () => format(value));
  add('placeholders', () => format('%s %d %i %f %j %o %O %% %c|', 'a', '5', 3.7, '1.5', { a: 1 }, [1], { b: 2 }, 'css', 'rest', { c: 3 }));
  add('an error', () => format(new RangeError('boom')).split('\n')[0]);
  add('an error with properties', () => format(Object.assign(new Error('m'), { code: 'E' })).split('\n').at(-1));
}
