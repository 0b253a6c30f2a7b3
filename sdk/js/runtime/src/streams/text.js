// TextEncoderStream and TextDecoderStream.
import { asInterface } from 'toril:runtime/core';
import { TransformStream } from 'web-streams-polyfill';

export class TextEncoderStream {
  #transform;

  constructor() {
    const encoder = new TextEncoder();
    // The first half of a surrogate pair, whose other half is in the next chunk.
    let high = '';
    this.#transform = new TransformStream({
      transform(chunk, controller) {
        let text = high + String(chunk);
        high = '';
        if (/[\ud800-\udbff]$/.test(text)) {
          high = text.at(-1);
          text = text.slice(0, -1);
        }
        if (text !== '') controller.enqueue(encoder.encode(text));
      },
      flush(controller) {
        if (high !== '') controller.enqueue(encoder.encode(high));
      },
    });
  }

  get encoding() { return 'utf-8'; }
  get readable() { return this.#transform.readable; }
  get writable() { return this.#transform.writable; }
}
asInterface(TextEncoderStream, 'TextEncoderStream', ['encoding', 'readable', 'writable']);

export class TextDecoderStream {
  #decoder;
  #transform;

  constructor(label = 'utf-8', options = {}) {
    const decoder = new TextDecoder(label, options);
    this.#decoder = decoder;
    this.#transform = new TransformStream({
      transform(chunk, controller) {
        const text = decoder.decode(chunk, { stream: true });
        if (text !== '') controller.enqueue(text);
      },
      flush(controller) {
        const text = decoder.decode();
        if (text !== '') controller.enqueue(text);
      },
    });
  }

  get encoding() { return this.#decoder.encoding; }
  get fatal() { return this.#decoder.fatal; }
  get ignoreBOM() { return this.#decoder.ignoreBOM; }
  get readable() { return this.#transform.readable; }
  get writable() { return this.#transform.writable; }
}
asInterface(TextDecoderStream, 'TextDecoderStream', ['encoding', 'fatal', 'ignoreBOM', 'readable', 'writable']);
