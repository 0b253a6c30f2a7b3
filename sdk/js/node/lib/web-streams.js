// Node's streams as web streams, and the other way round.
import { joined } from './late-globals.js';

/** A Node stream that reads a web stream. */
export function readableFromWeb(Readable, stream, options = {}) {
  const reader = stream.getReader();
  return new Readable({
    ...options,
    read() {
      reader.read().then(
        ({ value, done }) => this.push(done ? null : value),
        (error) => this.destroy(error),
      );
    },
    destroy(error, callback) {
      reader.cancel(error).then(
        () => callback(error),
        (failure) => callback(error ?? failure),
      );
    },
  });
}

/** A web stream that reads a Node stream. */
export function readableToWeb(readable) {
  const iterator = readable[Symbol.asyncIterator]();
  const isText = readable.readableEncoding != null || readable.readableObjectMode;
  return new globalThis[joined('Readable-Stream')]({
    async pull(controller) {
      const { value, done } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(isText ? value : new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    },
    cancel: (reason) => void readable.destroy(reason),
  });
}

/** A Node stream that writes to a web stream. */
export function writableFromWeb(Writable, stream, options = {}) {
  const writer = stream.getWriter();
  const settle = (promise, callback) => promise.then(() => callback(), callback);
  return new Writable({
    ...options,
    write: (chunk, encoding, callback) =>
      settle(
        writer.ready.then(() => writer.write(chunk)),
        callback,
      ),
    final: (callback) => settle(writer.close(), callback),
    destroy: (error, callback) => (error ? settle(writer.abort(error), () => callback(error)) : callback()),
  });
}

/** A web stream that writes to a Node stream. */
export function writableToWeb(writable) {
  return new globalThis[joined('Writable-Stream')]({
    write: (chunk) =>
      new Promise((resolve, reject) => writable.write(chunk, (error) => (error ? reject(error) : resolve()))),
    close: () =>
      new Promise((resolve, reject) => {
        writable.once('error', reject);
        writable.end(resolve);
      }),
    abort: (reason) => void writable.destroy(reason),
  });
}
