// fetch and its classes, against a server of this process.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, test } from 'node:test';
import zlib from 'node:zlib';
import { createRealm } from './realm.mjs';

const routes = {
  '/echo': async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ method: request.method, headers: request.headers, body: Buffer.concat(chunks).toString() }));
  },
  '/to-echo': (request, response) => response.writeHead(302, { location: '/echo#x' }).end(),
  '/keeps-method': (request, response) => response.writeHead(307, { location: '/echo' }).end(),
  '/see-other': (request, response) => response.writeHead(303, { location: '/echo' }).end(),
  '/loop': (request, response) => response.writeHead(302, { location: '/loop' }).end(),
  '/cookies': (request, response) => response.writeHead(200, [['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['x-a', '1'], ['x-a', '2']]).end('ok'),
  '/gzip': (request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(zlib.gzipSync('compressed')),
  '/breaks': (request, response) => response.writeHead(200, { 'content-length': '10' }).write('abc', () => response.destroy()),
  '/never': () => {},
  '/slow-body': (request, response) => response.writeHead(200).write('first'),
};
const server = http.createServer((request, response) => routes[request.url](request, response));
await new Promise((done) => server.listen(0, '127.0.0.1', done));
after(() => server.close().closeAllConnections());

const base = `http://127.0.0.1:${server.address().port}`;
const realm = await createRealm({
  base,
  zlibStream: () => {
    const chunks = [];
    return { write: (chunk) => (chunks.push(chunk), new Uint8Array(0)), end: () => new Uint8Array(zlib.gunzipSync(Buffer.concat(chunks))) };
  },
});
const same = async (code, expected) => assert.deepEqual(JSON.parse(JSON.stringify(await realm.run(`const { base } = native; ${code}`))), expected);

test('a request has the method, the headers and the body that were asked for', () =>
  same(`
    const response = await fetch(base + '/echo', { method: 'post', body: '{"a":1}', headers: { 'X-One': 1, 'content-type': 'application/json' } });
    const { method, headers, body } = await response.json();
    return [response.status, response.ok, response.statusText, method, headers['x-one'], headers['content-type'], headers['content-length'], body];`,
    [200, true, 'OK', 'POST', '1', 'application/json', '7', '{"a":1}']));

test('a body gives the request its Content-Type', () =>
  same(`
    const types = [];
    for (const body of ['x', new URLSearchParams({ a: 'b c' }), new Blob(['y'], { type: 'image/png' }), new Uint8Array([65])]) {
      const sent = await (await fetch(base + '/echo', { method: 'PUT', body })).json();
      types.push([sent.headers['content-type'] ?? null, sent.body]);
    }
    return types;`,
    [['text/plain;charset=UTF-8', 'x'], ['application/x-www-form-urlencoded;charset=UTF-8', 'a=b+c'], ['image/png', 'y'], [null, 'A']]));

test('a form is sent as multipart and read back', () =>
  same(`
    const form = new FormData();
    form.append('a"b', 'line\\nend');
    form.append('file', new File(['content'], 'näme.txt', { type: 'text/csv' }));
    const read = await new Response(form).formData();
    const file = read.get('file');
    const sent = await (await fetch(base + '/echo', { method: 'POST', body: form })).json();
    return [read.get('a"b'), file.name, file.type, await file.text(), sent.body.includes('name="a%22b"'), /^multipart/.test(sent.headers['content-type'])];`,
    ['line\r\nend', 'näme.txt', 'text/csv', 'content', true, true]));

test('a streamed body is sent as it is made', () =>
  same(`
    const body = ReadableStream.from((async function* () { yield new TextEncoder().encode('one '); yield new TextEncoder().encode('two'); })());
    return (await (await fetch(base + '/echo', { method: 'POST', body, duplex: 'half' })).json()).body;`, 'one two'));

test('a redirect is followed, and turns POST into GET', () =>
  same(`
    const response = await fetch(base + '/to-echo', { method: 'POST', body: 'x' });
    const { method, body, headers } = await response.json();
    return [response.redirected, response.url === base + '/echo', method, body, headers['content-type'] ?? null];`,
    [true, true, 'GET', '', null]));

test('a 307 keeps the method and the body', () =>
  same(`return (await (await fetch(base + '/keeps-method', { method: 'POST', body: 'x' })).json()).body;`, 'x'));

test('redirect: manual returns the redirect, error refuses it', () =>
  same(`
    const response = await fetch(base + '/to-echo', { redirect: 'manual' });
    const error = await fetch(base + '/to-echo', { redirect: 'error' }).catch((error) => error);
    return [response.status, response.headers.get('location'), error.message, error.cause.message];`,
    [302, '/echo#x', 'fetch failed', 'unexpected redirect']));

test('endless redirects fail', () =>
  same(`return (await fetch(base + '/loop').catch((error) => error)).cause.message;`, 'redirect count exceeded'));

test('Set-Cookie stays separate, other headers are joined', () =>
  same(`
    const { headers } = await fetch(base + '/cookies');
    let message;
    try { headers.set('a', 'b'); } catch (error) { message = error.message; }
    return [headers.getSetCookie(), headers.get('x-a'), message];`, [['a=1', 'b=2'], '1, 2', 'immutable']));

test('a compressed body is decoded', () => same(`return (await fetch(base + '/gzip')).text();`, 'compressed'));

test('a refused connection is a TypeError whose cause has a code', () =>
  same(`
    const error = await fetch('http://127.0.0.1:1/').catch((error) => error);
    return [error.name, error.message, error.cause.code];`, ['TypeError', 'fetch failed', 'ECONNREFUSED']));

test('the message of a denial names the line for queues.toml', async () => {
  const text = 'plugin "p" may not send requests to http://a.example. Add it to "http" in queues.toml:3';
  const denied = await createRealm({ fetch: (method, url, headers, body, callback) => (callback(text), 1) });
  assert.equal(await denied.run(`return (await fetch('http://a.example').catch((error) => error)).message;`), `fetch failed: ${text}`);
});

test('a body that breaks off is a TypeError', () =>
  same(`
    const error = await fetch(base + '/breaks').then((response) => response.text()).catch((error) => error);
    return [error.name, error.message, error.cause.code];`, ['TypeError', 'terminated', 'ECONNRESET']));

test('an abort rejects a request that waits, with the reason', () =>
  same(`
    const error = await fetch(base + '/never', { signal: AbortSignal.timeout(20) }).catch((error) => error);
    return error.name;`, 'TimeoutError'));

test('an abort rejects a body that waits', () =>
  same(`
    const controller = new AbortController();
    const response = await fetch(base + '/slow-body', { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    return (await response.text().catch((error) => error)).name;`, 'AbortError'));

test('a redirect is followed although the request is still being streamed', () =>
  same(`
    const body = new ReadableStream({ async pull(controller) {
      controller.enqueue(new Uint8Array([65]));
      await new Promise((resolve) => setTimeout(resolve, 20));
    } });
    const response = await fetch(base + '/see-other', { method: 'POST', body, duplex: 'half' });
    return [response.status, (await response.json()).method];`,
    [200, 'GET']));

test('the failure of a streamed request ends the reading of an early answer', () =>
  same(`
    let fail;
    const body = new ReadableStream({ start(controller) {
      controller.enqueue(new Uint8Array([65]));
      fail = () => controller.error(new Error('source broke'));
    } });
    const response = await fetch(base + '/slow-body', { method: 'POST', body, duplex: 'half' });
    const read = response.text();
    fail();
    return read.then(() => 'read', (error) => [error.name, error.message, error.cause.message]);`,
    ['TypeError', 'terminated', 'source broke']));

test('an abort in the moment of the answer stops a redirect', () =>
  same(`
    const { fetch: send, abortFetch } = native;
    const sent = [];
    let answer;
    native.fetch = (method, url, headers, body, done) => { sent.push(url); answer = done; return 1; };
    native.abortFetch = () => {};
    try {
      const controller = new AbortController();
      const fetched = fetch('http://a.example/', { signal: controller.signal });
      controller.abort();
      answer(null, { id: 1, status: 302, headers: '', location: '/next' });
      return [await fetched.catch((error) => error.name), sent];
    } finally {
      Object.assign(native, { fetch: send, abortFetch });
    }`,
    ['AbortError', ['http://a.example/']]));

test('a method of Response on another object rejects', () =>
  same(`return Response.prototype.text.call({}).catch((error) => error.name);`, 'TypeError'));

test('a body is streamed, and read once', () =>
  same(`
    const response = await fetch(base + '/echo', { method: 'POST', body: 'abc' });
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) text += chunk;
    const error = await response.text().catch((error) => error);
    return [JSON.parse(text).body, response.bodyUsed, error.message];`, ['abc', true, 'Body is unusable: Body has already been read']));

test('a clone can be read as well', () =>
  same(`
    const response = await fetch(base + '/echo', { method: 'POST', body: 'abc' });
    const copy = response.clone();
    const texts = await Promise.all([response.json(), copy.json()]);
    return texts.map((text) => text.body);`, ['abc', 'abc']));

test('a data: URL needs no request', () =>
  same(`const response = await fetch('data:text/html;base64,PGI+'); return [response.headers.get('content-type'), await response.text()];`, ['text/html', '<b>']));

test('a URL with credentials is refused', () =>
  same(`return (await fetch('http://a:b@example.com').catch((error) => error)).message;`,
    'Request cannot be constructed from a URL that includes credentials: http://a:b@example.com'));

test('a GET with a body is refused', () =>
  same(`return (await fetch(base, { body: 'x' }).catch((error) => error)).message;`, 'Request with GET/HEAD method cannot have body.'));

test('Response.json sets the Content-Type', () =>
  same(`const response = Response.json({ a: 1 }, { status: 201 }); return [response.status, response.headers.get('content-type'), await response.json()];`,
    [201, 'application/json', { a: 1 }]));
