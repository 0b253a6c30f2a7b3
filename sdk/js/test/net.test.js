import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Host, load } from './support/sockets-host.js';

const SOURCE = `export { default as net } from 'node:net'; export { default as tls } from 'node:tls';
  export { default as dns } from 'node:dns'; export { pipeline } from 'node:stream/promises';
  export { AsyncLocalStorage } from 'node:async_hooks';`;

/** A server for one test, and the plugin's modules. */
async function start(t, onConnection, options = {}) {
  const server = createServer({ allowHalfOpen: true }, onConnection);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const host = new Host({ names: { 'server.test': ['127.0.0.1'] }, ...options });
  return { host, port: server.address().port, ...(await load(SOURCE, host)) };
}

const echo = (socket) => socket.pipe(socket);

test('a client sends bytes to a name and gets the answer as buffers', async (t) => {
  const { net, port, host } = await start(t, echo);
  const socket = net.connect(port, 'server.test', () => socket.end('héllo'));
  assert.equal(socket.connecting, true);
  const chunks = [];
  for await (const chunk of socket) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), 'héllo');
  assert.equal(chunks[0].constructor.name, 'Buffer');
  assert.deepEqual([socket.bytesWritten, socket.bytesRead, socket.remotePort], [6, 6, port]);
  assert.deepEqual(host.calls, ['lookup server.test', 'connect 127.0.0.1']);
});

test('the events of a connection have the order of Node', async (t) => {
  const { net, port, host } = await start(t, (socket) => socket.end('x'));
  const events = [];
  const socket = net.connect({ port, host: 'server.test' });
  for (const name of ['lookup', 'connect', 'ready', 'data', 'end', 'finish', 'close']) {
    socket.on(name, () => events.push(name));
  }
  const [hadError] = await once(socket, 'close');
  assert.deepEqual(events, ['lookup', 'connect', 'ready', 'data', 'end', 'finish', 'close']);
  assert.deepEqual([hadError, host.isEmpty], [false, true]);
});

test('a side that has ended can still receive, if half-open is allowed', async (t) => {
  const { net, port } = await start(t, (socket) => socket.on('end', () => setTimeout(() => socket.end('late'), 5)).resume());
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end();
  const [chunk] = await once(socket, 'data');
  assert.equal(String(chunk), 'late');
});

test('a megabyte passes through a pipe with backpressure', async (t) => {
  const { net, port, pipeline } = await start(t, echo);
  const socket = net.connect(port, '127.0.0.1');
  const sent = Buffer.alloc(1 << 20, 'abc');
  let waited = false;
  const source = async function* () {
    for (let at = 0; at < sent.length; at += 50_000) yield sent.subarray(at, at + 50_000);
  };
  const received = [];
  await pipeline(source, socket, async (chunks) => {
    for await (const chunk of chunks) {
      received.push(chunk);
      if (!waited) await new Promise((resolve) => setTimeout(resolve, 20));
      waited = true;
    }
  });
  assert.ok(Buffer.concat(received).equals(sent));
});

test('errors have the codes of Node, and a denied target names the line to add', async (t) => {
  const { net, port } = await start(t, echo, { denied: ['other.test', '127.0.0.2:25'] });
  const errorOf = async (...args) => {
    const socket = net.connect(...args);
    const [error] = await once(socket, 'error');
    return error;
  };
  const unknown = await errorOf(port, 'unknown.test');
  assert.deepEqual([unknown.code, unknown.syscall, unknown.hostname], ['ENOTFOUND', 'getaddrinfo', 'unknown.test']);
  const refused = await errorOf(1, '127.0.0.1');
  assert.equal(refused.message, 'connect ECONNREFUSED 127.0.0.1:1');
  assert.deepEqual([refused.errno, refused.address, refused.port], [-111, '127.0.0.1', 1]);
  const denied = await errorOf(25, 'other.test');
  assert.equal(denied.code, 'EACCES');
  assert.match(denied.message, /add tcp = \["other\.test:25"\] to the plugin's entry/);
  assert.match((await errorOf(25, '127.0.0.2')).message, /add tcp = \["127\.0\.0\.2:25"\]/);
  assert.throws(() => net.connect(99_999, 'a'), { code: 'ERR_SOCKET_BAD_PORT' });
  assert.throws(() => net.createServer(), { message: /net\.createServer is not available .* adds a job/ });
});

test('a reset connection is ECONNRESET', async (t) => {
  const { net, port } = await start(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
  const socket = net.connect(port, '127.0.0.1');
  socket.write('x');
  let error;
  socket.once('error', (one) => (error = one));
  assert.equal(await new Promise((resolve) => socket.once('close', resolve)), true);
  assert.deepEqual([error.code, error.syscall], ['ECONNRESET', 'read']);
});

test('an idle socket emits timeout, and goes on', async (t) => {
  const { net, port } = await start(t, echo);
  const socket = net.connect(port, '127.0.0.1');
  socket.setTimeout(20);
  await once(socket, 'timeout');
  socket.write('x');
  assert.equal(String((await once(socket, 'data'))[0]), 'x');
  socket.destroy();
  await once(socket, 'close');
});

test('a connection from before the first job opens when one runs', async (t) => {
  const { net, port, host } = await start(t, echo);
  host.isLive = false;
  const socket = net.connect(port, 'server.test');
  assert.deepEqual(host.calls, []);
  host.isLive = true;
  await once(socket, 'connect');
  socket.destroy();
});

test('a connection ends with its attempt', async (t) => {
  const { net, port, host } = await start(t, echo);
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  host.endAttempt();
  await once(socket, 'close');
  assert.equal(socket.destroyed, true);
});

test('a look-up ends with its attempt', async (t) => {
  const { net, dns, port, host } = await start(t, echo);
  const socket = net.connect(port, 'server.test');
  const message = /the attempt that began the look-up has ended/;
  const looked = assert.rejects(dns.promises.lookup('server.test'), { code: 'ECONNABORTED', message });
  host.endAttempt();
  const [hadError] = await once(socket, 'close');
  assert.deepEqual([hadError, socket.destroyed, socket.connecting], [false, true, false]);
  await looked;
  socket.connect(port, 'server.test');
  await once(socket, 'connect');
  socket.destroy();
});

test('a socket that is destroyed while its callback is due does nothing more', async (t) => {
  const { net, port, host } = await start(t, echo, { names: { 'two.test': ['127.0.0.1', '127.0.0.1'] } });
  host.due = new Map();
  const first = net.connect(port, '127.0.0.1', () => [open, failed].forEach((socket) => socket.destroy()));
  const open = net.connect(port, '127.0.0.1', () => assert.fail('connected'));
  const failed = net.connect(1, 'two.test');
  const closed = [open, failed].map((socket) => once(socket, 'close'));
  while (host.due.size < 3) await setImmediate();
  host.callDue();
  assert.deepEqual(await Promise.all(closed), [[false], [false]]);
  assert.equal(host.calls.filter((call) => call.startsWith('connect')).length, 3);
  first.destroy();
  await once(first, 'close');
});

test('a socket that is destroyed by a listener of its look-up does not connect', async (t) => {
  const { net, port, host } = await start(t, echo);
  const socket = net.connect(port, 'server.test');
  socket.on('lookup', () => socket.destroy());
  const [hadError] = await once(socket, 'close');
  assert.deepEqual([hadError, host.calls], [false, ['lookup server.test']]);
});

test('a socket that was read before it connects receives, also from its second address', async (t) => {
  const { net, port, host } = await start(t, echo, { names: { 'two.test': ['127.0.0.2', '127.0.0.1'] } });
  const socket = new net.Socket();
  const received = once(socket, 'data');
  await setImmediate();
  socket.connect(port, 'two.test');
  socket.write('x');
  assert.equal(String((await received)[0]), 'x');
  assert.deepEqual(host.calls, ['lookup two.test', 'connect 127.0.0.2', 'connect 127.0.0.1']);
  socket.destroy();
});

test('an address is used whatever the family is', async (t) => {
  const { net, dns, port } = await start(t, echo);
  const socket = net.connect({ port, host: '127.0.0.1', family: 6 });
  await once(socket, 'connect');
  socket.destroy();
  assert.deepEqual(await dns.promises.lookup('127.0.0.1', { family: 6 }), { address: '127.0.0.1', family: 4 });
});

test('a TLS connection is secure after a handshake with the name of the server', async (t) => {
  const { tls, port, host } = await start(t, echo);
  const events = [];
  const socket = tls.connect({ port, host: 'server.test', ca: 'ignored' }, () => events.push('secureConnect'));
  socket.on('connect', () => events.push('connect'));
  socket.write('early');
  assert.equal(String((await once(socket, 'data'))[0]), 'early');
  assert.deepEqual([events, socket.authorized, socket.encrypted], [['connect', 'secureConnect'], true, true]);
  assert.equal(host.calls.at(-1), 'secure server.test');
  socket.destroy();
});

test('a socket of an address that was looked up is encrypted with the name', async (t) => {
  const { tls, dns, port, host } = await start(t, echo);
  const { address, family } = await dns.promises.lookup('server.test');
  assert.deepEqual([address, family], ['127.0.0.1', 4]);
  const socket = tls.connect(port, address);
  await once(socket, 'secureConnect');
  assert.equal(host.calls.at(-1), 'secure server.test');
  socket.destroy();
});

test('STARTTLS goes on with the connection of a plain socket', async (t) => {
  const { net, tls, port, host } = await start(t, echo);
  const plain = net.connect(port, 'server.test');
  plain.write('STARTTLS');
  assert.equal(String((await once(plain, 'data'))[0]), 'STARTTLS');
  const secure = tls.connect({ socket: plain });
  await once(secure, 'secureConnect');
  secure.write('hidden');
  assert.equal(String((await once(secure, 'data'))[0]), 'hidden');
  assert.equal(host.calls.at(-1), 'secure server.test');
  secure.destroy();
  await once(plain, 'close');
});

test('TLS over a destroyed socket closes, and TLS over a new socket waits until that connects', async (t) => {
  const { net, tls, port } = await start(t, echo);
  const destroyed = net.connect(port, '127.0.0.1');
  await once(destroyed, 'connect');
  destroyed.destroy();
  assert.deepEqual(await once(tls.connect({ socket: destroyed }), 'close'), [false]);
  const plain = new net.Socket();
  const secure = tls.connect({ socket: plain });
  await setImmediate();
  plain.connect(port, '127.0.0.1');
  await once(secure, 'secureConnect');
  secure.destroy();
  await once(plain, 'close');
});

test('a failed handshake is an error, and a certificate of a client is refused', async (t) => {
  const { tls, port, host } = await start(t, echo);
  host.handshake = 'the certificate has expired';
  const socket = tls.connect(port, 'server.test');
  const [error] = await once(socket, 'error');
  assert.match(error.message, /TLS with server\.test failed: the certificate has expired/);
  assert.throws(() => tls.connect({ port, host: 'server.test', cert: 'x', key: 'y' }), /A client's certificate/);
});

test('addresses are resolved, and other records are not', async (t) => {
  const { dns } = await start(t, echo);
  const resolved = new Promise((resolve) => new dns.Resolver().resolve4('server.test', (...values) => resolve(values)));
  assert.deepEqual(await resolved, [null, ['127.0.0.1']]);
  assert.deepEqual(await dns.promises.lookup('server.test', { all: true }), [{ address: '127.0.0.1', family: 4 }]);
  await assert.rejects(dns.promises.resolve6('server.test'), { code: 'ENODATA' });
  await assert.rejects(dns.promises.resolveMx('server.test'), /is not available in a plugin/);
});

test('a TLS connection that a server ends without the end of TLS ends as in Node', async (t) => {
  const { tls, port, host } = await start(t, (socket) => socket.end('bye'));
  host.atEnd = 'peer closed connection without sending TLS close_notify';
  const socket = tls.connect(port, 'server.test');
  const chunks = [];
  for await (const chunk of socket) chunks.push(String(chunk));
  assert.deepEqual(chunks, ['bye']);
});

test('a listener of a TLS connection keeps the AsyncLocalStorage of its call', async (t) => {
  const { tls, AsyncLocalStorage, port } = await start(t, echo);
  const globals = { setTimeout, setInterval, queueMicrotask };
  const { then } = Promise.prototype;
  t.after(() => {
    Object.assign(globalThis, globals);
    Promise.prototype.then = then;
  });
  const storage = new AsyncLocalStorage();
  const store = await new Promise((resolve) => {
    storage.run('mine', () => tls.connect(port, '127.0.0.1', function () {
      resolve(storage.getStore());
      this.destroy();
    }));
  });
  assert.equal(store, 'mine');
});
