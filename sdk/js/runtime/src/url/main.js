// URL over the engine's parser, which returns the serialized URL. Where its components begin and end in it (a serialized
// URL is ASCII) is found when the first one is read, and a component is a slice that is made when it is read.
import native from 'toril:engine/native';
import { asInterface, defineGlobals, usv } from 'toril:runtime/core';
import { OWNER, URLSearchParams } from './search-params.js';
import 'toril:engine/web';

// Indexes of what `native.urlOffsets` returns.
const USERNAME_START = 1;
const USERNAME_END = 2;
const PASSWORD_START = 3;
const PASSWORD_END = 4;
const HOST_START = 5;
const HOST_END = 6;
const PORT_START = 7;
const PORT_END = 8;
const PATH_START = 9;
const PATH_END = 10;
const QUERY_END = 11;

const SPECIAL = /^(https?|wss?|ftp):$/;

// The engine returns undefined for an invalid URL.
const isValid = (href) => href !== undefined && href !== null;

function parse(input, base) {
  const href = native.urlParse(input, base);
  if (isValid(href)) return href;
  const error = new TypeError('Invalid URL');
  error.code = 'ERR_INVALID_URL';
  error.input = input;
  if (base !== undefined) error.base = base;
  throw error;
}

export class URL {
  #href;
  // Of the components, or undefined as long as nobody has read one.
  #offsets;
  #searchParams;
  // Takes a change of the parameters. Most URLs need none.
  #fromParams;

  constructor(input, base = undefined) {
    if (arguments.length === 0) {
      const error = new TypeError('The "url" argument must be specified');
      error.code = 'ERR_MISSING_ARGS';
      throw error;
    }
    this.#href = parse(usv(input), base === undefined ? undefined : usv(base));
  }

  static canParse(input, base = undefined) {
    return isValid(native.urlParse(usv(input), base === undefined ? undefined : usv(base)));
  }

  static parse(input, base = undefined) {
    return URL.canParse(input, base) ? new URL(input, base) : null;
  }

  #slice(from, to) {
    const offsets = (this.#offsets ??= native.urlOffsets(this.#href));
    return this.#href.slice(offsets[from], to === undefined ? undefined : offsets[to]);
  }

  #replace(href) {
    this.#href = href;
    this.#offsets = undefined;
  }

  #set(component, value) {
    this.#replace(native.urlSet(this.#href, component, usv(value)));
    // The parameters follow the query, unless nobody has asked for them.
    if (component === 'search' || component === 'href') this.#searchParams?.[OWNER](this.search, this.#fromParams);
  }

  get href() { return this.#href; }
  set href(value) {
    this.#replace(parse(usv(value)));
    this.#searchParams?.[OWNER](this.search, this.#fromParams);
  }

  get origin() {
    if (SPECIAL.test(this.protocol)) return `${this.protocol}//${this.host}`;
    if (this.protocol !== 'blob:') return 'null';
    const inner = URL.parse(this.pathname);
    return inner !== null && /^https?:$/.test(inner.protocol) ? inner.origin : 'null';
  }

  get protocol() { return this.#href.slice(0, this.#href.indexOf(':') + 1); }
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
      this.#fromParams = (params) => this.#replace(native.urlSet(this.#href, 'search', String(params)));
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
