// `Connection` of `pg`: it takes the messages of the protocol from `pg` and other packages, such as `pg-cursor`, makes
// calls to the host of them, and emits the server's messages. Messages wait for the call before them.
const { EventEmitter } = require('events');
const host = require('./host.js');
const ConnectionParameters = require('./parameters.cjs');
const Portal = require('./portal.cjs');
const process = require('./process.cjs');
const Stream = require('./stream.cjs');
const { cancelled, isFinal, missing, toError } = require('./errors.cjs');
const { Field } = require('./protocol.cjs');
const { onBeginJob } = require('../src/running-job.js');

/** The functions of a client that take the messages of the server, by the names of the events. */
const OF_CLIENT = {
  commandComplete: '_handleCommandComplete',
  dataRow: '_handleDataRow',
  emptyQuery: '_handleEmptyQuery',
  error: '_handleErrorEvent',
  errorMessage: '_handleErrorMessage',
  parseComplete: '_handleParseComplete',
  portalSuspended: '_handlePortalSuspended',
  readyForQuery: '_handleReadyForQuery',
  rowDescription: '_handleRowDescription',
};
const STATUS = { idle: 'I', open: 'T', failed: 'E' };
const NO_VALUES = [];

/** The open connections, without those of pools, which forget theirs. */
const open = new Set();
onBeginJob(() => {
  for (const connection of open) connection.endOfEarlierAttempt();
});

/** Whether a new connection says that it is ready only when the host says so. */
let isEager = true;

class Connection extends EventEmitter {
  parsedStatements = {};
  submittedNamedStatements = {};
  ssl = false;
  /** `pg` sets it when it ends the connection. */
  _ending = false;
  /** Whether `connect` has been called. `pg` reads it. */
  _connecting = false;
  #client;
  #parameters;
  #stream;
  #id;
  /** The call that runs, and the function that ends it. */
  #call;
  #messages = [];
  /** Whether a statement has failed. The protocol skips all messages until the next `sync`. */
  #isSkipping = false;
  #isScheduled = false;
  #isOver = false;
  #statements = new Map();
  #portals = new Map();

  /**
   * Calls a function, and returns its result. Connections that it opens say at once that they are ready. Their first call
   * then waits for the host, which saves a call.
   */
  static withoutWaiting(call) {
    isEager = false;
    try {
      return call();
    } finally {
      isEager = true;
    }
  }

  get stream() {
    return (this.#stream ??= new Stream((error) => this.#close(error)));
  }

  /** `parameters` names the pool. Without a call it is the main one. */
  useParameters(parameters) {
    this.#parameters = parameters;
  }

  /** The client gets all messages, before the listeners of their events. */
  useClient(client) {
    this.#client = client;
  }

  get transactionStatus() {
    return STATUS[host.transaction(this.#id ?? 0)];
  }

  connect() {
    this._connecting = true;
    this.#parameters ??= new ConnectionParameters();
    const { database, setup } = this.#parameters;
    const lose = (error) => this.#close(error);
    const begin = () => this.#ready();
    const prepare = () => this.#start((ended) => host.batch(this.#id, setup, ended), begin, lose);
    const isWaiting = isEager;
    const connect = (ended) => {
      this.#id = host.connect(database);
      if (!this.#parameters.isOfPool) open.add(this);
      return isWaiting ? host.ready(this.#id, ended) : process.nextTick(ended, null, []);
    };
    this.#start(connect, setup === undefined ? begin : prepare, lose);
  }

  query(text) {
    this.#messages.push({ kind: 'query', text });
    this.#pump();
  }

  parse({ name = '', text, types }) {
    this.#messages.push({ kind: 'parse', name, text, types });
  }

  bind({ portal = '', statement = '', values, binary = false, valueMapper }) {
    const written = values?.map((value, place) => asParameter(valueMapper ? valueMapper(value, place) : value));
    this.#messages.push({ kind: 'bind', portal: portal || '', statement: statement || '', values: written, binary });
  }

  describe({ type, name = '' }) {
    this.#messages.push({ kind: 'describe', type, name });
  }

  execute({ portal = '', rows = 0 } = {}) {
    this.#messages.push({ kind: 'execute', portal: portal || '', rows });
  }

  close({ type, name = '' }) {
    this.#messages.push({ kind: 'close', type, name: name || '' });
  }

  /**
   * Sends the messages a moment later: `pg` expects no answer before it has returned, and `pg-cursor` often asks for
   * rows right after it has asked for the columns.
   */
  flush() {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  sync() {
    this.#messages.push({ kind: 'sync' });
    this.flush();
  }

  end() {
    this._ending = true;
    this.#messages.push({ kind: 'end' });
    this.#pump();
  }

  /** Cancels the statement that runs. */
  cancelStatement() {
    const call = this.#call;
    if (call?.id === undefined) return;
    host.release(call.id);
    call.fail(cancelled('canceling statement due to user request'));
  }

  /** Says at once that it has ended, so that the next job does not use it. The host has taken it back. */
  endOfEarlierAttempt() {
    this.#end();
    this.#client?.forgetQueries();
    const reason = 'the connection was given back, because its attempt has ended';
    this.#tell('error', toError({ tag: 'unavailable', val: reason }));
    this.emit('end');
  }

  ref() {}
  unref() {}

  #pump() {
    while (this.#call === undefined && this.#messages.length > 0) {
      const message = this.#messages.shift();
      if (this.#isSkipping && message.kind !== 'sync' && message.kind !== 'end') continue;
      this.#take(message);
    }
  }

  #take(message) {
    switch (message.kind) {
      case 'query':
        this.#batch(message);
        break;
      case 'parse':
        this.#statements.set(message.name, message);
        if (message.name !== '') this.#tell('parseComplete', { name: 'parseComplete', length: 5 });
        break;
      case 'bind':
        this.#bind(message);
        break;
      case 'describe':
        this.#describe(message);
        break;
      case 'execute':
        this.#execute(message);
        break;
      case 'close':
        this.#forget(message);
        break;
      case 'sync':
        this.#isSkipping = false;
        this.#endPortals();
        this.#ready();
        break;
      default:
        this.#close();
    }
  }

  /**
   * Makes a call. `begin` gets the function that ends it, and returns the call's number. `then` gets the answers,
   * `failed` an error after which the connection can still be used.
   */
  #start(begin, then, failed = (error) => this.#fail(error)) {
    const call = { id: undefined, fail: undefined };
    const end = (react) => {
      if (this.#call !== call) return;
      this.#call = undefined;
      react();
      this.#pump();
    };
    const reject = (error) => {
      const meant = toError(error);
      end(() => (isFinal(error) ? this.#close(meant) : failed(meant)));
    };
    const ended = (error, answers) => (error === null ? end(() => then(answers)) : reject(error));
    call.fail = (error) => end(() => failed(error));
    this.#call = call;
    try {
      call.id = begin(ended);
    } catch (thrown) {
      process.nextTick(() => reject(thrown));
    }
  }

  #batch({ text }) {
    const answered = (answers) => {
      if (answers.length === 0) this.#tell('emptyQuery', { name: 'emptyQuery', length: 4 });
      for (const answer of answers) this.#deliver(answer, { isDescribed: answer.columns.length > 0 });
      this.#ready();
    };
    const failed = (error) => {
      this.#tell('errorMessage', error);
      this.#ready();
    };
    this.#start((ended) => host.batch(this.#id, text, ended), answered, failed);
  }

  #bind({ portal, statement, values = NO_VALUES, binary }) {
    const known = this.#statements.get(statement);
    if (known === undefined) {
      this.#fail(missing(`prepared statement "${statement}" does not exist`));
      return;
    }
    this.#portals.get(portal)?.close();
    this.#portals.set(portal, new Portal(known, values, Boolean(binary)));
  }

  #describe({ type, name }) {
    const portal = this.#portals.get(name);
    if (type !== 'P' || portal === undefined) {
      this.#fail(missing(`portal "${name}" does not exist`));
      return;
    }
    portal.isDescribed = true;
    const [next] = this.#messages;
    if (portal.isEmpty || (next?.kind === 'execute' && next.portal === name)) return;
    // The interface tells the columns together with rows.
    const answered = ([{ columns }]) => this.#tellColumns(columns, portal);
    this.#start((ended) => portal.readAhead(this.#id, ended), answered);
  }

  #execute(message) {
    const { portal: name, rows } = message;
    const portal = this.#portals.get(name);
    if (portal === undefined) {
      this.#fail(missing(`portal "${name}" does not exist`));
      return;
    }
    if (portal.isEmpty) {
      this.#tell('emptyQuery', { name: 'emptyQuery', length: 4 });
      return;
    }
    const ahead = portal.takeAhead(rows);
    if (ahead !== undefined) {
      this.#deliver(ahead, portal);
      return;
    }
    const isWhole = !rows && !portal.isOpen;
    const begin = (ended) => (isWhole ? portal.run(this.#id, ended) : portal.read(this.#id, rows, ended));
    this.#start(begin, ([answer]) => {
      if (!portal.isShort(answer, rows)) {
        this.#deliver(answer, portal);
        return;
      }
      // Programs take fewer rows than they asked for as the end.
      portal.keep(answer);
      this.#execute(message);
    });
  }

  #forget({ type, name }) {
    if (type === 'P') {
      this.#portals.get(name)?.close();
      this.#portals.delete(name);
    } else {
      this.#statements.delete(name);
    }
    this.#tell('closeComplete', { name: 'closeComplete', length: 5 });
  }

  /** Emits the messages of an answer. */
  #deliver({ columns, rows, command }, portal) {
    if (portal.isDescribed) this.#tellColumns(columns, portal);
    for (const row of rows) {
      const fields = portal.isBinary ? row.map(asBuffer) : row;
      this.#tell('dataRow', { name: 'dataRow', length: 0, fieldCount: fields.length, fields });
    }
    const length = command.length + 5;
    if (command !== '') this.#tell('commandComplete', { name: 'commandComplete', length, text: command });
    else if (portal.isOpen) this.#tell('portalSuspended', { name: 'portalSuspended', length: 5 });
    else this.#tell('emptyQuery', { name: 'emptyQuery', length: 4 });
  }

  #tellColumns(columns, portal) {
    portal.isDescribed = false;
    if (columns.length === 0) {
      this.#tell('noData', { name: 'noData', length: 5 });
      return;
    }
    const format = portal.isBinary ? 'binary' : 'text';
    const fields = [];
    for (let at = 0; at < columns.length; at += 6) {
      const table = columns[at + 4];
      const number = columns[at + 5];
      fields.push(new Field(columns[at], table, number, columns[at + 1], columns[at + 2], columns[at + 3], format));
    }
    this.#tell('rowDescription', { name: 'rowDescription', length: 0, fieldCount: fields.length, fields });
  }

  /** The server ends its portals with the transaction. */
  #endPortals() {
    const portals = [...this.#portals.values()];
    if (portals.some(({ isOpen }) => isOpen) && host.transaction(this.#id) !== 'idle') return;
    for (const portal of portals) portal.close();
    this.#portals.clear();
  }

  #ready() {
    const connection = this;
    this.#tell('readyForQuery', {
      name: 'readyForQuery',
      length: 5,
      // The host is asked only if somebody reads it.
      get status() {
        return connection.transactionStatus;
      },
    });
  }

  #tell(name, message) {
    if (this.#client !== undefined && name in OF_CLIENT) {
      this.#client[OF_CLIENT[name]](message);
      if (this.listenerCount(name) > 0) this.emit(name, message);
    } else {
      this.emit(name, message);
    }
  }

  #fail(error) {
    this.#isSkipping = true;
    this.#tell('errorMessage', error);
  }

  /** Gives the connection back. `error`: why it ends unexpectedly. */
  #close(error) {
    if (this.#isOver) return;
    this.#end();
    process.nextTick(() => {
      if (error) this.#tell('error', error);
      this.emit('end');
    });
  }

  #end() {
    this.#isOver = true;
    open.delete(this);
    if (this.#stream !== undefined) this.#stream.writable = false;
    if (this.#id !== undefined) host.release(this.#id);
    this.#call = { id: undefined };
    this.#messages = [];
  }
}

/** A parameter for the host: a text, bytes or null. */
function asParameter(value) {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' || value instanceof Uint8Array ? value : String(value);
}

const asBuffer = (value) => value && Buffer.from(value.buffer, value.byteOffset, value.byteLength);

module.exports = Connection;
