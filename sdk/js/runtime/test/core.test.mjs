// The runtime's timers, events, signals, encodings, URLs and clones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRealm } from './realm.mjs';

const realm = await createRealm();
// Values of another realm have other prototypes: compare what they say.
const same = async (code, expected) => assert.deepEqual(JSON.parse(JSON.stringify(await realm.run(code))), expected);

test('setTimeout passes its arguments and can be cleared by its number', () =>
  same(`
    const seen = [];
    clearTimeout(+setTimeout(() => seen.push('cleared'), 1));
    await new Promise((done) => setTimeout((a, b) => { seen.push(a + b); done(); }, 5, 1, 2).unref());
    return seen;`, [3]));

test('setInterval repeats until its own callback clears it', () =>
  same(`
    let count = 0;
    await new Promise((done) => { const timer = setInterval(() => { if (++count === 3) { clearInterval(timer); done(); } }, 1); });
    await new Promise((done) => setTimeout(done, 10));
    return count;`, 3));

test('a listener is called once, in order, and not after a stop', () =>
  same(`
    const target = new EventTarget();
    const seen = [];
    target.addEventListener('x', { handleEvent: (event) => seen.push('object ' + event.type) }, { once: true });
    target.addEventListener('x', (event) => { seen.push('stop'); event.stopImmediatePropagation(); });
    target.addEventListener('x', () => seen.push('never'));
    target.dispatchEvent(new Event('x'));
    target.dispatchEvent(new CustomEvent('x', { detail: 1 }));
    return seen;`, ['object x', 'stop', 'stop']));

test('an aborted signal has the reason and calls listeners once', () =>
  same(`
    const controller = new AbortController();
    let calls = 0;
    controller.signal.onabort = () => calls++;
    controller.abort();
    controller.abort(new Error('late'));
    return [controller.signal.aborted, controller.signal.reason.name, controller.signal.reason.message, calls];`,
    [true, 'AbortError', 'This operation was aborted', 1]));

test('AbortSignal.any follows the first of its signals', () =>
  same(`
    const first = new AbortController(), second = new AbortController();
    const any = AbortSignal.any([first.signal, AbortSignal.any([second.signal])]);
    second.abort('why');
    return [any.aborted, any.reason, AbortSignal.any([AbortSignal.abort(1)]).reason];`, [true, 'why', 1]));

test('AbortSignal.timeout aborts with a TimeoutError', () =>
  same(`
    const signal = AbortSignal.timeout(5);
    await new Promise((done) => signal.addEventListener('abort', done));
    return signal.reason.name;`, 'TimeoutError'));

test('a decoder joins characters that are split between chunks', () =>
  same(`
    const bytes = new TextEncoder().encode('\\ufeffgrün €😀');
    const decoder = new TextDecoder();
    let text = '';
    for (const byte of bytes) text += decoder.decode(new Uint8Array([byte]), { stream: true });
    return text + decoder.decode();`, 'grün €😀'));

test('a fatal decoder refuses what is not UTF-8', () =>
  same(`
    try { new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff])); } catch (error) { return [error.name, error.code]; }`,
    ['TypeError', 'ERR_ENCODING_INVALID_ENCODED_DATA']));

test('encodeInto stops before a character that does not fit', () =>
  same(`const target = new Uint8Array(5); return [new TextEncoder().encodeInto('a€€', target), [...target]];`,
    [{ read: 2, written: 4 }, [97, 226, 130, 172, 0]]));

test('searchParams and the URL follow each other', () =>
  same(`
    const url = new URL('/p?a=1#h', 'https://user:pw@example.com:8080');
    url.searchParams.append('b', 'x y');
    const first = url.href;
    url.search = '?c=3';
    return [first, url.searchParams.get('c'), url.searchParams.has('a'), url.origin, url.host, url.username];`,
    ['https://user:pw@example.com:8080/p?a=1&b=x+y#h', '3', false, 'https://example.com:8080', 'example.com:8080', 'user']));

test('a clone keeps cycles, maps, dates and typed arrays', () =>
  same(`
    const shared = new Uint8Array([1, 2, 3]).buffer;
    const value = { map: new Map([['k', new Set([1])]]), date: new Date(0), view: new Uint8Array(shared, 1), same: shared };
    value.self = value;
    const copy = structuredClone(value);
    return [copy.self === copy, copy !== value, copy.map.get('k').has(1), copy.date.getTime(), [...copy.view], copy.view.buffer === copy.same];`,
    [true, true, true, 0, [2, 3], true]));

test('a function cannot be cloned', () =>
  same(`try { structuredClone({ f() {} }); } catch (error) { return error.name; }`, 'DataCloneError'));

test('a transferred buffer is detached', () =>
  same(`
    const buffer = new Uint8Array([1, 2]).buffer;
    const copy = structuredClone({ buffer }, { transfer: [buffer] });
    return [buffer.byteLength, copy.buffer.byteLength];`, [0, 2]));

test('console formats as Node does, and indents groups', async () => {
  realm.logs.length = 0;
  await realm.run(`console.log('%s is %d', 'a', 1, { b: [1, 'x'] }); console.group('g'); console.warn('in\\nside'); console.groupEnd();`);
  assert.deepEqual(realm.logs, [[1, "a is 1 { b: [ 1, 'x' ] }"], [1, 'g'], [2, '  in\n  side']]);
});

test('RegExp has the groups of the last match', () =>
  same(`
    /(b)(x)?/.test('abc');
    const { $1, $2, lastMatch, leftContext, rightContext } = RegExp;
    'z1'.replace(/(z)/, '');
    return [$1, $2, lastMatch, leftContext, rightContext, RegExp.$1];`, ['b', '', 'b', 'a', 'c', 'z']));
