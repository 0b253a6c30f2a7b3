import util, {
  callbackify,
  deprecate,
  format,
  inherits,
  inspect,
  isDeepStrictEqual,
  promisify,
  stripVTControlCharacters,
  types,
} from 'node:util';

class Point {
  #secret = 1;
  constructor(
    public x: number,
    public y: number,
  ) {}
  get sum() {
    return this.x + this.y + this.#secret;
  }
}

export async function handle() {
  const circular: Record<string, unknown> = { name: 'c' };
  circular.self = circular;
  const sleep = promisify(setTimeout);
  await sleep(1);
  const read = promisify((value: number, callback: (error: Error | null, result?: number) => void) =>
    value > 0 ? callback(null, value * 2) : callback(new Error('low')),
  );
  return {
    inspected: [
      inspect({
        a: 1,
        b: 'x',
        c: [1, , 3],
        d: new Map([['k', { deep: { deeper: { deepest: 1 } } }]]),
        e: new Set([1]),
        f: null,
        g: undefined,
        h: Symbol('s'),
        i: 10n,
        j: /x/g,
        k: new Date(0),
      }),
      inspect(new Point(1, 2)),
      inspect(circular),
      inspect([new Error('e').message, () => {}, function named() {}]),
      inspect('it\'s "q"'),
      inspect(Buffer.from('ab')),
      inspect(new Uint8Array(3)),
      inspect({ long: 'x'.repeat(100), list: Array.from({ length: 120 }, (_, index) => index) }),
      inspect(Object.create(null)),
      inspect({ [util.inspect.custom]: () => 'custom' }),
      inspect(new Proxy({ a: 1 }, {})),
      inspect(new (class Foo extends Map {})([[1, 2]])),
      inspect({ a: { b: { c: { d: 1 } } } }, { depth: 0 }),
      inspect([[[[]]]], { depth: Infinity, compact: false }),
      inspect(-0),
      inspect([1.5, NaN, 'a\nb']),
      inspect({
        get a() {
          return 1;
        },
        set b(value) {},
      }),
      inspect(new Number(3)),
      inspect(Object(Symbol('q'))),
      inspect('x', { colors: true }),
    ],
    formatted: [
      format('%s %d %i %f %j %o %O %%', 'a', '42', 3.9, '1.5', { a: 1 }, [1], { b: 2 }),
      format('a', 'b', { c: 1 }),
      format('%s', Symbol('x'), 5n),
      format('%x', 1),
      format(1, 2, '3'),
    ],
    promised: [await read(2), await read(0).catch((error) => error.message)],
    called: await new Promise((resolve) =>
      callbackify(async (value: number) => value + 1)(1, (error, value) => resolve([error, value])),
    ),
    equal: [
      isDeepStrictEqual({ a: [1, { b: new Set([1]) }] }, { a: [1, { b: new Set([1]) }] }),
      isDeepStrictEqual([1], ['1']),
      isDeepStrictEqual(new Date(0), new Date(0)),
    ],
    types: [
      types.isDate(new Date()),
      types.isRegExp(/x/),
      types.isPromise(Promise.resolve()),
      types.isMap(new Map()),
      types.isTypedArray(Buffer.alloc(1)),
      types.isUint8Array(Buffer.alloc(1)),
      types.isNativeError(new TypeError()),
      types.isAsyncFunction(() => 1),
      types.isGeneratorFunction(function* () {}),
      types.isArrayBuffer(new ArrayBuffer(1)),
      types.isBoxedPrimitive(Object(1)),
      types.isDate({ [Symbol.toStringTag]: 'Date' }),
    ],
    inherited: (() => {
      function A() {}
      function B() {}
      inherits(A, B);
      return [new (A as never)() instanceof (B as never), (A as never as { super_: unknown }).super_ === B];
    })(),
    deprecated: deprecate((value: number) => value, 'old')(5),
    plain: stripVTControlCharacters('\u001b[31mred\u001b[0m'),
    encoded: [...new util.TextEncoder().encode('ä')],
  };
}
