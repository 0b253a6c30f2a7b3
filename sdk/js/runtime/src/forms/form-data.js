// FormData.
import { asInterface, usv } from 'toril:runtime/core';
import { Blob, File } from './blob.js';

function valueOf(value, filename) {
  if (!(value instanceof Blob)) return usv(value);
  if (filename === undefined && value instanceof File) return value;
  const name = filename === undefined ? 'blob' : usv(filename);
  return new File([value], name, { type: value.type, lastModified: value.lastModified });
}

function checked(given, method, needed, value, filename) {
  if (given < needed) throw new TypeError(`FormData.${method}: ${needed} argument${needed > 1 ? 's' : ''} required, but only ${given} present.`);
  if (filename !== undefined && !(value instanceof Blob)) throw new TypeError(`FormData.${method}: parameter 2 is not of type 'Blob'.`);
}

export class FormData {
  // [[name, string | File]]
  #entries = [];

  constructor(form = undefined) {
    if (form !== undefined) throw new TypeError("FormData constructor: Argument 1 could not be converted to: undefined.");
  }

  append(name, value, filename = undefined) {
    checked(arguments.length, 'append', 2, value, filename);
    this.#entries.push([usv(name), valueOf(value, filename)]);
  }

  set(name, value, filename = undefined) {
    checked(arguments.length, 'set', 2, value, filename);
    const key = usv(name);
    const entry = [key, valueOf(value, filename)];
    const first = this.#entries.findIndex((known) => known[0] === key);
    if (first === -1) {
      this.#entries.push(entry);
      return;
    }
    this.#entries[first] = entry;
    this.#entries = this.#entries.filter((known, at) => at <= first || known[0] !== key);
  }

  delete(name) {
    checked(arguments.length, 'delete', 1);
    const key = usv(name);
    this.#entries = this.#entries.filter((known) => known[0] !== key);
  }

  get(name) {
    checked(arguments.length, 'get', 1);
    const key = usv(name);
    return this.#entries.find((known) => known[0] === key)?.[1] ?? null;
  }

  getAll(name) {
    checked(arguments.length, 'getAll', 1);
    const key = usv(name);
    return this.#entries.filter((known) => known[0] === key).map((known) => known[1]);
  }

  has(name) {
    checked(arguments.length, 'has', 1);
    const key = usv(name);
    return this.#entries.some((known) => known[0] === key);
  }

  forEach(callback, thisArgument = undefined) {
    for (const [name, value] of this) callback.call(thisArgument, value, name, this);
  }

  // By index, because the list may change meanwhile.
  *entries() { for (let at = 0; at < this.#entries.length; at += 1) yield [...this.#entries[at]]; }
  *keys() { for (let at = 0; at < this.#entries.length; at += 1) yield this.#entries[at][0]; }
  *values() { for (let at = 0; at < this.#entries.length; at += 1) yield this.#entries[at][1]; }
}
asInterface(FormData, 'FormData', ['append', 'delete', 'get', 'getAll', 'has', 'set', 'forEach', 'entries', 'keys', 'values']);
Object.defineProperty(FormData.prototype, Symbol.iterator, { value: FormData.prototype.entries, writable: true, configurable: true });
