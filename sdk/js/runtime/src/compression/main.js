// CompressionStream and DecompressionStream.
import native from 'toril:engine/native';
import { asInterface, defineGlobals, toBytes } from 'toril:runtime/core';
import { TransformStream } from 'toril:runtime/streams';
import 'toril:engine/web';

const COMPRESS = { gzip: 'gzip', deflate: 'deflate', 'deflate-raw': 'deflateRaw' };
const DECOMPRESS = { gzip: 'gunzip', deflate: 'inflate', 'deflate-raw': 'inflateRaw' };

function transform(formats, format) {
  const name = formats[format];
  if (name === undefined) {
    const error = new TypeError(`The argument 'format' must be one of: 'deflate', 'deflate-raw', 'gzip'. Received ${JSON.stringify(format) ?? String(format)}`);
    error.code = 'ERR_INVALID_ARG_VALUE';
    throw error;
  }
  const coder = native.zlibStream(name);
  const pass = (controller, bytes) => {
    if (bytes.length > 0) controller.enqueue(bytes);
  };
  return new TransformStream({
    transform: (chunk, controller) => pass(controller, coder.write(toBytes(chunk, 'chunk'))),
    flush(controller) {
      pass(controller, coder.end());
      if (coder.trailing() > 0) throw new TypeError('unexpected data after the end of the compressed data');
    },
  });
}

class Coding {
  #transform;

  constructor(stream) {
    this.#transform = stream;
  }

  get readable() { return this.#transform.readable; }
  get writable() { return this.#transform.writable; }
}

export class CompressionStream extends Coding {
  constructor(format) {
    super(transform(COMPRESS, format));
  }
}
asInterface(CompressionStream, 'CompressionStream');

export class DecompressionStream extends Coding {
  constructor(format) {
    super(transform(DECOMPRESS, format));
  }
}
asInterface(DecompressionStream, 'DecompressionStream');

defineGlobals({ CompressionStream, DecompressionStream });
