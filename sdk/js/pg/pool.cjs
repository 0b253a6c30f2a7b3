// `Pool` of `pg`. The connections are in the host, so this pool keeps none for longer than it needs them.
const PgPool = require('pg-pool');
const Connection = require('./connection.cjs');
const host = require('./host.js');

/**
 * Milliseconds after which an idle connection goes back to the host, where other jobs wait for it. A job that makes
 * its next query at once keeps the connection, and a job that waits for something else gives it back.
 */
const IDLE = 1;
/** An attempt cannot borrow more connections. */
const MOST = 16;

class Pool extends PgPool {
  #attempt = host.attempts();

  constructor(options, Client) {
    super(options, Client);
    Object.assign(this.options, { idleTimeoutMillis: IDLE, min: 0, max: Math.min(this.options.max, MOST) });
  }

  connect(callback) {
    this.#forgetEarlierAttempts();
    return super.connect(callback);
  }

  query(...values) {
    const query = () => super.query(...values);
    return this.options.connectionTimeoutMillis ? query() : Connection.withoutWaiting(query);
  }

  /** The host has taken the connections of earlier attempts back. Only an instance that runs several jobs has any. */
  #forgetEarlierAttempts() {
    const attempt = host.attempts();
    if (attempt === this.#attempt) return;
    this.#attempt = attempt;
    for (const { timeoutId } of this._idle) clearTimeout(timeoutId);
    this._clients = [];
    this._idle = [];
    this._pendingQueue = [];
  }
}

module.exports = Pool;
