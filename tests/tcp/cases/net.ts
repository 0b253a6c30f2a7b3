import { once } from 'node:events';
import dns from 'node:dns';
import net from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

type Ports = { echo: number; refused: number };

const ended = async (socket: net.Socket) => {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks);
};
const failure = (socket: net.Socket) =>
  new Promise<unknown>((resolve) => {
    let error: NodeJS.ErrnoException | undefined;
    socket.on('error', (one) => (error = one));
    socket.on('close', (hadError) => resolve([error?.code, error?.syscall, error?.errno, hadError]));
  });

async function events(port: number) {
  const seen: string[] = [];
  const socket = net.connect({ port, host: 'localhost', family: 4 });
  for (const name of ['connect', 'ready', 'data', 'end', 'finish', 'close']) socket.on(name, () => seen.push(name));
  socket.end('hello');
  await once(socket, 'close');
  return [seen, socket.bytesRead, socket.bytesWritten, socket.destroyed, socket.readyState];
}

async function halfOpen(port: number) {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.setEncoding('utf8');
  socket.end('half');
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

async function large(port: number) {
  const sent = Buffer.alloc(3_000_000, 'toril ');
  const socket = net.connect(port, '127.0.0.1');
  const upper = new Transform({ transform: (chunk, _, callback) => callback(null, String(chunk).toUpperCase()) });
  const received: Buffer[] = [];
  const source = async function* () {
    for (let at = 0; at < sent.length; at += 70_000) yield sent.subarray(at, at + 70_000);
  };
  await pipeline(source, socket, upper, async (chunks) => {
    for await (const chunk of chunks) received.push(chunk);
  });
  return Buffer.concat(received).equals(Buffer.alloc(3_000_000, 'TORIL '));
}

async function backpressure(port: number) {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  // The answers are not read yet, so at some time nothing more is taken.
  while (socket.write(Buffer.alloc(100_000)));
  const { writableNeedDrain } = socket;
  socket.resume();
  await once(socket, 'drain');
  const { remoteAddress, remoteFamily } = socket;
  socket.destroy();
  await once(socket, 'close');
  return [writableNeedDrain, remoteAddress, remoteFamily];
}

async function idle(port: number) {
  const socket = net.connect({ port, host: '127.0.0.1' });
  socket.setNoDelay(true).setKeepAlive(true, 1000).ref();
  socket.write('silent');
  socket.setTimeout(50);
  await once(socket, 'timeout');
  socket.end();
  return (await ended(socket)).length;
}

export async function handle({ data: { echo, refused } }: { data: Ports }) {
  const socket = net.connect(echo, '127.0.0.1');
  socket.write('reset');
  const reset = await failure(socket);
  return {
    events: await events(echo),
    halfOpen: await halfOpen(echo),
    large: await large(echo),
    backpressure: await backpressure(echo),
    idle: await idle(echo),
    reset,
    refused: await failure(net.connect(refused, '127.0.0.1')),
    lookup: await dns.promises.lookup('localhost', { family: 4 }),
    isIP: [net.isIP('::1'), net.isIPv4('1.2.3.4')],
  };
}
