// Connects to one server as the job's data says, and fails, or returns what it has seen.
import net from 'node:net';
import tls from 'node:tls';

type Data = { host: string; port: number; how: 'plain' | 'tls' | 'upgrade' | 'unref'; first?: string; caught?: boolean };

export async function handle({ data: { host, port, how, first, caught } }: { data: Data }) {
  const plain = how === 'tls' ? undefined : net.connect({ host, port });
  if (how === 'unref') plain?.unref();
  if (first) plain?.write(first);
  if (how === 'upgrade') await new Promise((resolve) => plain?.once('data', resolve));
  const socket = plain && how !== 'upgrade' ? plain : tls.connect(plain ? { socket: plain } : { host, port });
  try {
    return await new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('data', (chunk) => resolve({ data: String(chunk), isSecure: (socket as tls.TLSSocket).authorized }));
    });
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (caught) return { code, syscall, message };
    throw error;
  } finally {
    socket.destroy();
  }
}
