// Decodes compressed bodies of responses, as Node's fetch does.
import native from 'toril:engine/native';
import 'toril:engine/web';
import { concatBytes } from 'toril:runtime/core';
import { terminated } from './errors.js';

const FORMATS = { gzip: 'gunzip', 'x-gzip': 'gunzip', deflate: 'inflate' };

/** The decoded body of a response with this header `content-encoding`. */
export function decoded(body, encoding) {
  const formats = encoding.split(',').map((coding) => FORMATS[coding.trim().toLowerCase()]);
  // An unknown coding is the caller's to decode.
  if (formats.includes(undefined)) return body;
  return formats.reverse().reduce((source, format) => new Decoded(source, format), body);
}

class Decoded {
  #source;
  #stream;
  #ended = false;

  constructor(source, format) {
    this.#source = source;
    this.#stream = native.zlibStream(format);
  }

  async read() {
    while (!this.#ended) {
      const chunk = await this.#source.read();
      this.#ended = chunk === null;
      const parts = [];
      try {
        if (chunk !== null) parts.push(this.#stream.write(chunk));
        else parts.push(this.#stream.end());
      } catch (error) {
        this.cancel();
        throw terminated(error.message);
      }
      const bytes = concatBytes(parts);
      if (bytes.length > 0) return bytes;
    }
    return null;
  }

  cancel() {
    this.#ended = true;
    this.#source.cancel();
  }
}
