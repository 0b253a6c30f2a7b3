// URL over the engine's parser. The parser returns the serialized URL and where its components begin and end in it
// (a serialized URL is ASCII), so that a component is a slice that is made when it is read.
import native from 'toril:engine/native';
import { asInterface, defineGlobals, usv } from 'toril:runtime/core';
import { OWNER, URLSearchParams } from './search-params.js';
import 'toril:engine/web';

// Indexes of what `native.urlParse` returns.
const HREF = 0;
const SCHEME_END = 1;
const USERNAME_START = 2;
const USERNAME_END = 3;
const PASSWORD_START = 4;
const PASSWORD_END = 5;
const HOST_START = 6;
const HOST_END = 7;
const PORT_START = 8;
const PORT_END = 9;
const PATH_START = 10;
const PATH_END = 11;
const QUERY_END = 12;

const SPECIAL = /^(https?|wss?|ftp):$/;

// The engine returns undefined for an invalid URL.
const isValid = (parts) => parts !== undefined && parts !== null;

function parse(input, base) {
  const parts = native.urlParse(input, base);
  if (isValid(parts)) return parts;
  const error = new TypeError('Invalid URL');
  error.code = 'ERR_INVALID_URL';
  error.input = input;
  if (base !== undefined) error.base = base;
  throw error;
}

export class URL {
  #parts;
  #searchParams;

  constructor(input, base = undefined) {
    if (arguments.length === 0) {
      const error = new TypeError('The "url" argument must be specified');
      error.code = 'ERR_MISSING_ARGS';
      throw error;
    }
    this.#parts = parse(usv(input), base === undefined ? undefined : usv(base));
  }

  static canParse(input, base = undefined) {
    return isValid(native.urlParse(usv(input), base === undefined ? undefined : usv(base)));
  }

  static parse(input, base = undefined) {
    return URL.canParse(input, base) ? new URL(input, base) : null;
  }

  #slice(from, to) {
    return this.#parts[HREF].slice(this.#parts[from], to === undefined ? undefined : this.#parts[to]);
  }

  #set(component, value) {
    this.#parts = native.urlSet(this.#parts[HREF], component, usv(value));
    // The parameters follow the query, unless nobody has asked for them.
    if (component === 'search' || component === 'href') this.#searchParams?.[OWNER](this.search, this.#fromParams);
  }

  #fromParams = (params) => {
    this.#parts = native.urlSet(this.#parts[HREF], 'search', String(params));
  };

  get href() { return this.#parts[HREF]; }
  set href(value) {
    this.#parts = parse(usv(value));
    this.#searchParams?.[OWNER](this.search, this.#fromParams);
  }

  get origin() {
    if (SPECIAL.test(this.protocol)) return `${this.protocol}//${this.host}`;
    if (this.protocol !== 'blob:') return 'null';
    const inner = URL.parse(this.pathname);
    return inner !== null && /^https?:$/.test(inner.protocol) ? inner.origin : 'null';
  }

  get protocol() { return this.#parts[HREF].slice(0, this.#parts[SCHEME_END] + 1); }
  set protocol(value) { this.#set('protocol', value); }
  get username() { return this.#slice(USERNAME_START, USERNAME_END); }
  set username(value) { this.#set('username', value); }
  get password() { return this.#slice(PASSWORD_START, PASSWORD_END); }
  set password(value) { this.#set('password', value); }
  get host() { return this.#slice(HOST_START, PORT_END); }
  set host(value) { this.#set('host', value); }
  get hostname() { return this.#slice(HOST_START, HOST_END); }
  set hostname(value) { this.#set('hostname', value); }
  get port() { return this.#slice(PORT_START, PORT_END); }
  set port(value) { this.#set('port', value); }
  get pathname() { return this.#slice(PATH_START, PATH_END); }
  set pathname(value) { this.#set('pathname', value); }

  get search() {
    const query = this.#slice(PATH_END, QUERY_END);
    return query === '?' ? '' : query;
  }
  set search(value) { this.#set('search', value); }

  get hash() {
    const fragment = this.#slice(QUERY_END);
    return fragment === '#' ? '' : fragment;
  }
  set hash(value) { this.#set('hash', value); }

  get searchParams() {
    if (this.#searchParams === undefined) {
      this.#searchParams = new URLSearchParams();
      this.#searchParams[OWNER](this.search, this.#fromParams);
    }
    return this.#searchParams;
  }

  toString() { return this.href; }
  toJSON() { return this.href; }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    if (typeof depth === 'number' && depth < 0) return this.href;
    return `URL ${inspect(Object.fromEntries(SHOWN.map((name) => [name, this[name]])), options)}`;
  }
}
const SHOWN = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'searchParams', 'hash'];
asInterface(URL, 'URL', [...SHOWN, 'toString', 'toJSON']);

defineGlobals({ URL, URLSearchParams });
