// Servers for the clients: an echo server and two mail servers, one with STARTTLS and one that speaks TLS from the
// beginning: node servers.mjs '{"key": PATH, "cert": PATH}'
// Prints their ports, and runs until it is killed.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { SMTPServer } from 'smtp-server';

const files = JSON.parse(process.argv[2]);
const tls = { key: readFileSync(files.key), cert: readFileSync(files.cert) };

/** Echoes. After `half` it sends its answer when the client has ended, and after `reset` it resets the connection. */
const echo = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => {});
  socket.once('data', (first) => {
    const word = String(first);
    if (word === 'reset') return socket.resetAndDestroy();
    if (word === 'half') return socket.resume().on('end', () => setTimeout(() => socket.end('after the end'), 20));
    if (word === 'silent') return socket.resume().on('end', () => socket.end());
    socket.write(first);
    return socket.pipe(socket);
  });
});

/** Its answer to a mail says who sent it, how, and what arrived. */
const mail = (options) =>
  new SMTPServer({
    ...tls,
    ...options,
    logger: false,
    onAuth: ({ username, password }, _, callback) =>
      password === 'secret' ? callback(null, { user: username }) : callback(new Error('wrong password')),
    onData(stream, session, callback) {
      const hash = createHash('sha256');
      stream.on('data', (chunk) => hash.update(chunk));
      stream.on('end', () => callback(null, `${session.user} ${session.secure ? 'TLS' : 'plain'} ${hash.digest('hex')}`));
    },
  });
const starttls = mail({ secure: false });
const smtps = mail({ secure: true });
for (const server of [starttls, smtps]) server.on('error', () => {});

const listening = (server) =>
  new Promise((resolve) => {
    const started = server.listen(0, '127.0.0.1', () => resolve((server.server ?? started).address().port));
  });
const [echoPort, smtpPort, smtpsPort] = await Promise.all([echo, starttls, smtps].map(listening));
console.log(JSON.stringify({ ready: true, echo: echoPort, smtp: smtpPort, smtps: smtpsPort }));
