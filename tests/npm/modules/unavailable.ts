// What a plugin does not have: importing works, and a call names the alternative.
import childProcess from 'node:child_process';
import cluster from 'node:cluster';
import dgram from 'node:dgram';
import dns from 'node:dns';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import os from 'node:os';
import readline from 'node:readline';
import tls from 'node:tls';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import zlib from 'node:zlib';

const messageOf = (call: () => unknown) => {
  try {
    call();
    return 'no error';
  } catch (error) {
    return (error as Error).message;
  }
};

/** The beginning of a message, and what it must name. */
const CALLS: [() => unknown, string, string][] = [
  [() => childProcess.execSync('ls'), 'child_process.execSync is not available in a plugin', 'fetch'],
  [() => cluster.fork(), 'cluster.fork is not available in a plugin', 'concurrency'],
  [() => dgram.createSocket('udp4'), 'dgram.createSocket is not available in a plugin', 'fetch'],
  [() => dns.resolveMx('example.com', () => {}), 'dns.resolveMx is not available in a plugin', 'addresses'],
  [() => fs.readFileSync('/a'), "ENOENT: no such file or directory, open '/a'", 'kv'],
  [() => fs.writeFileSync('/a', 'b'), "EROFS: read-only file system, open '/a'", 'kv'],
  [() => http.createServer(), 'http.createServer is not available in a plugin', 'add a job'],
  [() => http2.connect('https://example.com'), 'http2.connect is not available in a plugin', 'node:https'],
  [() => net.createServer(), 'net.createServer is not available in a plugin', 'adds a job'],
  [
    () => readline.createInterface({ input: process.stdin }),
    'readline.createInterface is not available in a plugin',
    'split',
  ],
  [() => tls.createServer(), 'tls.createServer is not available in a plugin', 'adds a job'],
  [() => vm.runInThisContext('1'), 'vm.runInThisContext is not available in a plugin', 'new Function'],
  [() => new Worker('x'), 'worker_threads.Worker is not available in a plugin', 'child jobs'],
  [() => zlib.brotliCompressSync('x'), 'zlib.brotliCompressSync is not available in a plugin', 'gzip'],
];

/** No call does anything else. */
export const expected = { wrong: [], host: 'plugin' };

export async function handle() {
  const found = CALLS.map(([call, start, word]) => ({ message: messageOf(call), start, word }));
  return {
    wrong: found.filter(({ message, start, word }) => !message.startsWith(start) || !message.includes(word)),
    host: os.hostname(),
  };
}
