// `Pool` of `pg`. The connections are in the host, so this pool keeps none for longer than it needs them.
const PgPool = require('pg-pool');
const Connection = require('./connection.cjs');
const ConnectionParameters = require('./parameters.cjs');
const host = require('./host.js');

/**
 * Milliseconds after which idle connections go back to the host, where other jobs wait for them. A job that makes its
 * next query at once keeps its connection, and a job that waits for something else gives it back.
 */
const IDLE = 1;
/** An attempt cannot borrow more connections. */
const MOST = 16;

class Pool extends PgPool {
  #attempt = host.attempts();
  /** Whether idle connections go back soon. */
  #isReturning = false;
  /** A client without a connection. A pool at the top level makes it while the plugin is built, which saves the job time. */
  #spare;

  constructor(options, Client) {
    super(options, Client);
    ConnectionParameters.share(this.options);
    // Zero turns the pool's own timers off, of which it starts one for each query.
    Object.assign(this.options, { idleTimeoutMillis: 0, min: 0, max: Math.min(this.options.max, MOST) });
    if (!host.isLive() && this.Client === Client) this.#spare = new Client(this.options);
  }

  connect(callback) {
    this.#forgetEarlierAttempts();
    return super.connect(callback);
  }

  query(...values) {
    const query = () => super.query(...values);
    return this.options.connectionTimeoutMillis ? query() : Connection.withoutWaiting(query);
  }

  newClient(item) {
    const { Client } = this;
    const spare = this.#spare;
    if (spare !== undefined) {
      this.#spare = undefined;
      this.Client = function () {
        return spare;
      };
    }
    try {
      return super.newClient(item);
    } finally {
      this.Client = Client;
    }
  }

  _release(client, idleListener, error) {
    super._release(client, idleListener, error);
    if (this.#isReturning || this._idle.length === 0) return;
    this.#isReturning = true;
    host.later(IDLE, () => {
      this.#isReturning = false;
      for (const { client } of this._idle.slice()) this._remove(client, () => this._pulseQueue());
    });
  }

  /** The host has taken the connections of earlier attempts back. Only an instance that runs several jobs has any. */
  #forgetEarlierAttempts() {
    const attempt = host.attempts();
    if (attempt === this.#attempt) return;
    this.#attempt = attempt;
    this.#isReturning = false;
    this._clients = [];
    this._idle = [];
    this._pendingQueue = [];
  }
}

module.exports = Pool;
