import {
  Duplex,
  PassThrough,
  Readable,
  Transform,
  Writable,
  finished,
  pipeline as pipelineWithCallback,
} from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { json, text } from 'node:stream/consumers';
import { createHash, createCipheriv } from 'node:crypto';
import { createGunzip, createGzip } from 'node:zlib';

export async function handle() {
  const upper = () =>
    new Transform({
      transform(chunk, _encoding, done) {
        done(null, String(chunk).toUpperCase());
      },
    });
  const collected: string[] = [];
  const sink = new Writable({
    highWaterMark: 2,
    write(chunk, _encoding, done) {
      setTimeout(() => {
        collected.push(String(chunk));
        done();
      }, 1);
    },
  });
  await pipeline(Readable.from(['a', 'b', 'c']), upper(), sink);
  const failed = await pipeline(
    Readable.from(['x']),
    new Transform({
      transform(_chunk, _encoding, done) {
        done(new Error('broken'));
      },
    }),
    new PassThrough(),
  ).catch((error) => error.message);
  const called = await new Promise((resolve) =>
    pipelineWithCallback(
      Readable.from(['q']),
      async function* (source) {
        for await (const chunk of source) yield `${chunk}!`;
      },
      async (source) => {
        let all = '';
        for await (const chunk of source) all += chunk;
        return all;
      },
      (error, value) => resolve([error ?? null, value]),
    ),
  );
  const hashed = createHash('sha256');
  await pipeline(Readable.from([Buffer.from('hello '), Buffer.from('world')]), hashed);
  const flowing = new Readable({ read() {} });
  const events: string[] = [];
  flowing
    .setEncoding('utf8')
    .on('data', (chunk) => events.push(`data ${chunk}`))
    .on('end', () => events.push('end'))
    .on('close', () => events.push('close'));
  flowing.push(Buffer.from([0xc3]));
  flowing.push(Buffer.from([0xa4]));
  flowing.push(null);
  await new Promise((resolve) => finished(flowing, resolve));
  await new Promise((resolve) => setTimeout(resolve, 5));
  const objects = await Readable.from([1, 2, 3, 4])
    .filter((value: number) => value % 2 === 0)
    .map(async (value: number) => value * 10)
    .toArray();
  const duplex = Duplex.from(async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) yield String(chunk).length;
  } as never);
  duplex.end('four');
  const web = Readable.toWeb(Readable.from([Buffer.from('web')])) as unknown as ReadableStream;
  const back = Readable.fromWeb(new Response('from the web').body as never);
  const writes: boolean[] = [];
  const slow = new Writable({
    highWaterMark: 3,
    write(_chunk, _encoding, done) {
      setTimeout(done, 1);
    },
  });
  writes.push(slow.write('ab'), slow.write('cd'));
  await new Promise((resolve) => slow.once('drain', resolve));
  slow.destroy();
  const cipher = createCipheriv('aes-256-cbc', Buffer.alloc(32, 1), Buffer.alloc(16, 2));
  return {
    collected,
    failed,
    called,
    hashed: hashed.read().toString('hex'),
    events,
    objects,
    duplex: await duplex.toArray(),
    zipped: await text(
      Readable.from([Buffer.from('zip me '), Buffer.from('please')])
        .pipe(createGzip())
        .pipe(createGunzip()),
    ),
    encrypted: Buffer.concat(
      await Readable.from([Buffer.from('secret')])
        .pipe(cipher)
        .toArray(),
    ).toString('hex'),
    web: await new Response(web).text(),
    back: await text(back),
    json: await json(Readable.from(['{"a":', '1}'])),
    writes,
    destroyed: slow.destroyed,
  };
}
