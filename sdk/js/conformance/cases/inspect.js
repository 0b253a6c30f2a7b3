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

class Failed extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = 'Failed';
    this.code = 'E_FAILED';
  }
}
class Odd extends Error {}

/** An error whose stack has no frames, which differ. */
const bare = (error) => Object.defineProperty(error, 'stack', { value: String(error) });

const MORE = {
  'an error among properties': { error: bare(new Error('a')), n: 1 },
  'a cause': bare(new Error('a', { cause: bare(new TypeError('b')) })),
  'errors of classes': [bare(new Failed('a')), bare(new Odd('b'))],
  'an aggregate': bare(new AggregateError([bare(new Error('1')), 2], 'all')),
  'a subclass of Array': new (class List extends Array {})(1, 2),
  'a subclass of Map': new (class Table extends Map {})([[1, 2]]),
  'a tag': new (class { get [Symbol.toStringTag]() { return 'Tag'; } })(),
  'typed arrays': [new Float64Array([1.5, -0]), new BigInt64Array(2), new Uint8Array()],
  'a data view': new DataView(new ArrayBuffer(2)),
  'numbers in columns': Array.from({ length: 60 }, (_, at) => (at * 7919) % 1000),
  'rows of a table': Array.from({ length: 27 }, (_, id) => ({ id, name: 'n' + (id % 7) })),
  'too many entries': new Set(Array.from({ length: 120 }, (_, at) => at)),
  'a long text': 'x'.repeat(20_000),
  'lines in a property': { text: 'some text\n'.repeat(20) },
  'quotes': [`it's`, `say "it's"`, '`${it\'s}` "x"', '\u0001\u007f\ud800'],
  'promises': [Promise.resolve({ a: 1 }), new Promise(() => {})],
  'a custom text': [{ [Symbol.for('nodejs.util.inspect.custom')]: (depth) => `custom ${depth}` }],
  'a wide object': { a: 'x'.repeat(70), b: 1 },
  'depth': { a: [[[[1]]]], b: { c: { d: new Map(), e: [1], f: new Date(0) } } },
  'holes': [, 'a', , , 'b'],
};

/** Values that a seed decides. */
function generated(seed) {
  let state = seed;
  const below = (count) => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % count;
  const words = ['a', 'bc', 'hello', 'with space', "it's", 'say "x"', 'line\nbreak', 'é', 'long '.repeat(8), ''];
  const many = (count, make) => Array.from({ length: below(count) }, make);
  const make = (depth) => {
    const deeper = () => make(depth - 1);
    const simple = [() => below(1000), () => -below(100) / 8, () => words[below(words.length)], () => null, () => undefined, () => below(2) === 1];
    const nested = [
      () => Object.fromEntries(many(9, () => [words[below(words.length)], deeper()])),
      () => many(depth > 2 ? 30 : 12, deeper),
      () => many(40, () => below(100_000)),
      () => new Map(many(5, () => [deeper(), deeper()])),
      () => new Set(many(5, deeper)),
      () => new Date(below(1_000_000) * 100_000),
    ];
    const choices = depth <= 0 ? simple : [...simple, ...nested, ...nested];
    return choices[below(choices.length)]();
  };
  return make(4);
}

export function cases(add) {
  for (const [name, value] of Object.entries(MORE)) add(name, () => format(value));
  for (let seed = 1; seed <= 150; seed += 1) add(`generated ${seed}`, () => format(generated(seed * 7919)));
  for (const kind of 'sdifjOc') add(`%${kind}`, () => [1, 1.5, '12px', -0, 10n, null, undefined, { a: { b: 1 } }, new Date(0)].map((value) => kind === 'j' && typeof value === 'bigint' ? '' : format(`%${kind}|`, value)));
  add('%o of a nested object', () => format('%o', { a: [1, { b: 2 }] }));
  add('percent signs', () => [format('100%', 1), format('%%'), format('%% %s'), format('%x', 1), format('%s %s', 'a')]);
  for (const [name, value] of Object.entries(VALUES)) add(name, () => format(value));
  add('placeholders', () => format('%s %d %i %f %j %o %O %% %c|', 'a', '5', 3.7, '1.5', { a: 1 }, [1], { b: 2 }, 'css', 'rest', { c: 3 }));
  add('an error', () => format(new RangeError('boom')).split('\n')[0]);
  add('an error with properties', () => format(Object.assign(new Error('m'), { code: 'E' })).split('\n').at(-1));
}
