// structuredClone, events and timers.
const shared = { a: 1 };
const VALUES = {
  primitives: [1, 'a', true, null, undefined, 10n, NaN, -0],
  nested: { a: [{ b: shared }, shared] },
  map: new Map([['a', { b: 1 }], [{}, 2]]),
  set: new Set([1, 'a']),
  date: new Date(5),
  regexp: /a/gi,
  boxed: [Object(1), Object('a'), Object(false), Object(1n)],
  typed: [new Uint8Array([1, 2]), new Float64Array([1.5]), new DataView(new ArrayBuffer(2))],
  sparse: [1, , 3],
};
const describe = (value) => (value === undefined ? 'undefined' : typeof value === 'bigint' ? `${value}n` : typeof value !== 'object' || value === null ? `${typeof value} ${Object.is(value, -0) ? '-0' : value}`
  : value instanceof Map ? ['Map', [...value].map(describe)] : value instanceof Set ? ['Set', [...value].map(describe)] : value instanceof Date ? ['Date', value.getTime()] : value instanceof RegExp ? String(value)
  : ArrayBuffer.isView(value) ? [value.constructor.name, value.byteLength] : /Number|String|Boolean|BigInt/.test(Object.prototype.toString.call(value)) ? ['boxed', String(value)]
  : Array.isArray(value) ? value.map(describe).concat(`length ${value.length}`, String(Object.keys(value))) : Object.entries(value).map(([key, entry]) => [key, describe(entry)]));

export function cases(add) {
  for (const [name, value] of Object.entries(VALUES)) add(`clone ${name}`, () => describe(structuredClone(value)));
  add('clone keeps identity', () => { const copy = structuredClone(VALUES.nested); return [copy.a[0].b === copy.a[1], copy.a[1] !== shared]; });
  add('clone drops prototypes and accessors', () => { class Point { x = 1; get y() { return 2; } } const copy = structuredClone(new Point()); return [Object.keys(copy), Object.getPrototypeOf(copy) === Object.prototype]; });
  for (const [name, value] of Object.entries({ function: () => 1, symbol: Symbol('a'), promise: Promise.resolve(), weakMap: new WeakMap() })) add(`clone refuses a ${name}`, () => structuredClone({ value }));
  add('clone without arguments', () => structuredClone());
  add('transfer', () => { const buffer = new ArrayBuffer(4); const copy = structuredClone(buffer, { transfer: [buffer] }); return [buffer.byteLength, copy.byteLength]; });
  add('clone of __proto__', () => Object.keys(structuredClone(JSON.parse('{"__proto__":1}'))));
  add('event order', async () => {
    const seen = [];
    setTimeout(() => seen.push('timeout 0'), 0);
    queueMicrotask(() => seen.push('microtask'));
    Promise.resolve().then(() => seen.push('then'));
    setTimeout(() => seen.push('timeout 5'), 5);
    seen.push('sync');
    await new Promise((done) => setTimeout(done, 20));
    return seen;
  });
  add('timers of the same time', async () => { const seen = []; for (const n of [1, 2, 3]) setTimeout(() => seen.push(n), 1); await new Promise((done) => setTimeout(done, 10)); return seen; });
  add('an event', () => { const event = new Event('x', { cancelable: true }); event.preventDefault(); return [event.type, event.defaultPrevented, event.bubbles, event.eventPhase, event.target]; });
  add('dispatch', () => { const target = new EventTarget(); const seen = []; target.addEventListener('x', function (event) { seen.push(this === target, event.currentTarget === target, event.eventPhase); }); const result = target.dispatchEvent(new Event('x')); return [seen, result]; });
  add('abort events', () => { const controller = new AbortController(); const seen = []; controller.signal.addEventListener('abort', (event) => seen.push(event.type, controller.signal.aborted)); controller.abort('r'); controller.abort('s'); return [seen, controller.signal.reason]; });
  add('throwIfAborted', () => AbortSignal.abort(new RangeError('x')).throwIfAborted());
  add('any', () => [AbortSignal.any([]).aborted, AbortSignal.any([AbortSignal.abort(1), AbortSignal.abort(2)]).reason]);
  add('class names', () => [AbortSignal, AbortController, Event, EventTarget, URL, URLSearchParams, TextEncoder, TextDecoder, Headers, Request, Response, Blob, File, FormData, ReadableStream].map((constructor) => Object.prototype.toString.call(constructor.prototype)));
}
