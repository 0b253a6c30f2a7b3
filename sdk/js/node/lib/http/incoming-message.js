// `IncomingMessage` of `node:http`: a response.
import native from 'toril:engine/native';
import { Buffer } from '../../buffer.js';
import { Readable } from '../../stream.js';
import { coded } from '../errors.js';
import { keep } from '../context.js';
import { STATUS_CODES } from './constants.js';
import { distinctHeaders, joinHeaders, pairsOf } from './headers.js';

export class IncomingMessage extends Readable {
  #body;
  #pairs = [];
  #headers;

  constructor(socket) {
    super();
    this.socket = socket;
    this.connection = socket;
    this.httpVersion = '1.1';
    this.httpVersionMajor = 1;
    this.httpVersionMinor = 1;
    this.complete = false;
    this.aborted = false;
    this.trailers = {};
    this.rawTrailers = [];
    this.statusCode = null;
    this.statusMessage = null;
    this.method = null;
    this.url = '';
  }

  /** Takes over a response of the engine. */
  open({ id, status, headers }) {
    this.#body = id;
    this.#pairs = pairsOf(headers);
    this.statusCode = status;
    this.statusMessage = STATUS_CODES[status] ?? '';
    return this;
  }

  get headers() {
    return (this.#headers ??= joinHeaders(this.#pairs));
  }

  set headers(headers) {
    this.#headers = headers;
  }

  get headersDistinct() {
    return distinctHeaders(this.#pairs);
  }

  get rawHeaders() {
    return this.#pairs.flat();
  }

  setTimeout(ms, callback) {
    this.socket?.setTimeout(ms, callback);
    return this;
  }

  _read() {
    if (this.#body === undefined) {
      this.push(null);
      return;
    }
    native.readBody(
      this.#body,
      keep((error, chunk) => {
        if (this.destroyed) return;
        if (error) {
          this.aborted = true;
          this.destroy(coded(Error, 'ECONNRESET', `aborted: ${error}`));
        } else if (chunk) {
          this.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        } else {
          this.complete = true;
          this.#body = undefined;
          this.push(null);
        }
      }),
    );
  }

  _destroy(error, callback) {
    if (!this.complete && this.#body !== undefined) {
      native.closeBody(this.#body);
      this.#body = undefined;
      if (!error) {
        this.aborted = true;
        this.emit('aborted');
      }
    }
    callback(error);
  }
}
