// The options of a client. In a plugin they name a pool of queues.toml, and settings of the session.
const defaults = require('pg/lib/defaults.js');
const { escapeLiteral } = require('pg/lib/utils.js');

/** The pool of options that name none. */
const MAIN = 'main';

/** Options that the server knows as settings of the session, as `pg` sends them. Milliseconds, except for the name. */
const SETTINGS = ['application_name', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];

/** The options of pools, and their parameters, which are the same for all clients of the pool. */
const ofPools = new WeakMap();

/** Replaces `pg/lib/connection-parameters`. Addresses and passwords have no effect: queues.toml has them. */
class ConnectionParameters {
  /** Lets all clients with these options share their parameters. The options are a pool's own object. */
  static share(options) {
    ofPools.set(options, undefined);
  }

  constructor(given) {
    const known = ofPools.get(given);
    if (known !== undefined) return known;
    const own = typeof given === 'string' ? parse(given) : (given ?? {});
    const config = own.connectionString ? { ...own, ...parse(own.connectionString) } : own;
    const option = (name) => config[name] || defaults[name];
    /** The name of the pool. `pg` calls it the database. */
    this.database = option('database') || MAIN;
    this.host = option('host');
    this.port = Number.parseInt(option('port'), 10);
    this.user = option('user');
    // Not enumerable, as in `pg`, so that no log shows it.
    Object.defineProperty(this, 'password', { value: config.password ?? null, writable: true, configurable: true });
    // The host decides about encryption.
    this.ssl = false;
    this.binary = option('binary');
    this.options = option('options');
    this.query_timeout = option('query_timeout');
    for (const name of SETTINGS) this[name] = option(name);
    this.application_name ||= option('fallback_application_name');
    /** The statement that applies the session's settings, `undefined` if there are none. */
    this.setup = this.#setup();
    /** Whether the client belongs to a pool. */
    this.isOfPool = ofPools.has(given);
    if (this.isOfPool) ofPools.set(given, this);
  }

  #setup() {
    const settings = [...startupOptions(this.options)];
    for (const name of SETTINGS) {
      if (this[name]) settings.push([name, name === 'application_name' ? this[name] : Number.parseInt(this[name], 10)]);
    }
    if (settings.length === 0) return undefined;
    const call = ([name, value]) => `set_config(${escapeLiteral(name)}, ${escapeLiteral(String(value))}, false)`;
    return `SELECT ${settings.map(call).join(', ')}`;
  }
}

const URL_FORM =
  /^[a-z][a-z\d+.-]*:\/\/(?:([^/?#]*)@)?(\[[^\]]*\]|[^/?#@:]*)(?::(\d*))?(?:\/([^?#]*))?(?:\?([^#]*))?(?:#.*)?$/i;

/**
 * The options in a connection string, `postgres://user:password@host:port/database?option=value`. In one with a host
 * alone, `postgres://reports`, the host is the name of the pool. A text of another form is the name itself.
 */
function parse(text) {
  const match = URL_FORM.exec(text);
  if (!match) {
    if (!text.includes('://')) return { database: text };
    // Without the text, which can have a password.
    throw new TypeError(
      'the connection string is not a valid URL: write postgres://user:password@host:port/database, with special characters as %XX',
    );
  }
  const [, login, host, port, database, query = ''] = match;
  const options = {};
  for (const pair of query.split('&').filter(Boolean)) {
    const [name, ...value] = pair.split('=');
    options[decode(name)] = decode(value.join('=').replaceAll('+', ' '));
  }
  if (host) options.host = decode(host);
  if (port) options.port = port;
  if (login) {
    const [user, ...password] = login.split(':');
    Object.assign(options, { user: decode(user), password: decode(password.join(':')) });
  }
  const isAlone = !login && !port && !query && !host.startsWith('[');
  const name = decode(database ?? '') || (isAlone ? options.host : undefined);
  return name ? { ...options, database: name } : options;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The settings in `-c name=value --name=value`, in which a backslash makes a space part of a value. */
function* startupOptions(text) {
  const words = (text || '').match(/(?:\\.|[^\s\\])+/g) ?? [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] === '-c' ? words[(at += 1)] : words[at].replace(/^-c|^--/, '');
    const [name, ...value] = (word ?? '').split('=');
    if (name) yield [name.replaceAll('-', '_'), value.join('=').replace(/\\(.)/g, '$1')];
  }
}

module.exports = ConnectionParameters;
