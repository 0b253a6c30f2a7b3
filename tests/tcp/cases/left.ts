// Its first job ends before the look-ups that it has begun. The second one sees how they end, and connects again.
import dns from 'node:dns';
import { once } from 'node:events';
import net from 'node:net';

let socket: net.Socket | undefined;
let closed: Promise<unknown[]>;
let looked: Promise<unknown>;

export async function handle({ data: { echo: port } }: { data: { echo: number } }) {
  const options = { port, host: 'localhost', family: 4 };
  if (!socket) {
    socket = net.connect(options);
    closed = once(socket, 'close');
    looked = dns.promises.lookup('localhost').catch((error) => error.code);
    return socket.readyState;
  }
  const [hadError] = await closed;
  socket.connect(options);
  socket.end('again');
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return { hadError, looked: await looked, answer };
}
