// Streams and compression.
async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}
const text = (value) => new Response(value).text();
const bytes = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer());

export function cases(add) {
  add('read to the end', () => collect(new ReadableStream({ start(controller) { controller.enqueue(1); controller.enqueue(2); controller.close(); } })));
  add('pull on demand', async () => { let n = 0; const reader = new ReadableStream({ pull(controller) { controller.enqueue(n++); } }, { highWaterMark: 0 }).getReader(); return [await reader.read(), await reader.read(), n]; });
  add('an error reaches the reader', () => collect(new ReadableStream({ start(controller) { controller.error(new RangeError('x')); } })));
  add('cancel', async () => { let reason; const stream = new ReadableStream({ cancel(why) { reason = why; } }); await stream.cancel('w'); return [reason, stream.locked]; });
  add('a locked stream', () => { const stream = new ReadableStream(); stream.getReader(); stream.getReader(); });
  add('tee', async () => { const [a, b] = new Blob(['abc']).stream().tee(); return [await text(a), await text(b)]; });
  add('pipeThrough', async () => collect(new ReadableStream({ start(controller) { controller.enqueue('a'); controller.close(); } }).pipeThrough(new TransformStream({ transform(chunk, controller) { controller.enqueue(chunk + 'b'); }, flush(controller) { controller.enqueue('end'); } }))));
  add('pipeTo', async () => { const seen = []; await new Blob(['x']).stream().pipeTo(new WritableStream({ write(chunk) { seen.push([...chunk]); }, close() { seen.push('closed'); } })); return seen; });
  add('ReadableStream.from', () => collect(ReadableStream.from((async function* () { yield 1; yield 2; })())));
  add('byte stream with its own buffer', async () => { const reader = new ReadableStream({ type: 'bytes', pull(controller) { controller.byobRequest.view[0] = 7; controller.byobRequest.respond(1); } }).getReader({ mode: 'byob' }); const { value, done } = await reader.read(new Uint8Array(4)); return [value, done]; });
  add('text streams', async () => collect(new ReadableStream({ start(controller) { for (const byte of new TextEncoder().encode('a€')) controller.enqueue(Uint8Array.of(byte)); controller.close(); } }).pipeThrough(new TextDecoderStream())));
  add('an encoder joins surrogates', async () => collect(ReadableStream.from(['\ud83d', '\ude00', '\ud83d']).pipeThrough(new TextEncoderStream())));
  for (const format of ['gzip', 'deflate', 'deflate-raw']) {
    add(`${format} there and back`, () => text(new Blob(['x'.repeat(100000), 'end']).stream().pipeThrough(new CompressionStream(format)).pipeThrough(new DecompressionStream(format))).then((value) => value.length));
    add(`${format} of nothing`, async () => (await bytes(new Blob([]).stream().pipeThrough(new CompressionStream(format)).pipeThrough(new DecompressionStream(format)))).length);
    add(`${format} of garbage`, () => text(new Blob([new Uint8Array([1, 2, 3, 4])]).stream().pipeThrough(new DecompressionStream(format))));
    add(`${format} that is cut off`, async () => { const whole = await bytes(new Blob(['abcdef'.repeat(20)]).stream().pipeThrough(new CompressionStream(format))); return text(new Blob([whole.slice(0, -6)]).stream().pipeThrough(new DecompressionStream(format))); });
  }
  add('gunzip of what zlib wrote', () => text(new Blob([Uint8Array.from(atob('H4sIAAAAAAAAA8tIzcnJVyjPL8pJAQCFEUoNCwAAAA=='), (char) => char.charCodeAt(0))]).stream().pipeThrough(new DecompressionStream('gzip'))));
  add('an unknown format', () => new CompressionStream('brotli'));
}
