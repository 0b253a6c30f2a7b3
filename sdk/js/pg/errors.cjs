// Errors of the host, `{ tag, val }`, as errors of `pg`.
const { DatabaseError } = require('./protocol.cjs');
const { HostError } = require('../src/host-error.js');

/** SQLSTATE of a statement that was cancelled, and of a name that does not exist. */
const CANCELLED = '57014';
const MISSING = '26000';

/** How the host calls a statement without a name, which it prepares. */
const OF_HOST = /prepared statement "toril_\d+"/;

/**
 * An error of the server has the fields that `pg` gives it. The host does not report the place in the server's
 * source.
 */
function fromServer({ message, position, context, ...others }) {
  const error = new DatabaseError(message.replace(OF_HOST, 'prepared statement ""'), undefined, 'error');
  return Object.assign(error, {
    severity: others.severity,
    code: others.code,
    detail: others.detail,
    hint: others.hint,
    // A text, as in the protocol.
    position: position === undefined || position === null ? undefined : String(position),
    internalPosition: undefined,
    internalQuery: undefined,
    where: context,
    schema: others.schema,
    table: others.table,
    column: others.column,
    dataType: others.dataType,
    constraint: others.constraint,
    file: undefined,
    line: undefined,
    routine: undefined,
  });
}

/** What the server says when its own timeout, or a request of the client, cancels a statement. */
const cancelled = (message) => fromServer({ severity: 'ERROR', code: CANCELLED, message });

/** What the server says about a statement or portal that it does not know. */
const missing = (message) => fromServer({ severity: 'ERROR', code: MISSING, message });

/**
 * `thrown` is what the host has thrown, or what it gave to a callback. The host's texts name the plugin and the pool.
 */
function toError(thrown) {
  const { tag, val } = thrown ?? {};
  if (tag === 'database') return fromServer(val);
  if (tag === 'timeout') return cancelled(`canceling statement due to statement timeout: ${val}`);
  return typeof tag === 'string' ? new HostError('the database call failed', tag, val ?? tag) : thrown;
}

/** Whether the connection can no longer be used. */
const isFinal = ({ tag } = {}) => tag === 'unavailable' || tag === 'denied';

module.exports = { cancelled, isFinal, missing, toError };
