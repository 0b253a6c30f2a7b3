// Errors of connections and look-ups, with Node's codes.

/** Node's codes by the names of `wasi:sockets`. */
const CODES = {
  'access-denied': 'EACCES',
  timeout: 'ETIMEDOUT',
  'new-socket-limit': 'EMFILE',
  'remote-unreachable': 'EHOSTUNREACH',
  'connection-refused': 'ECONNREFUSED',
  'connection-reset': 'ECONNRESET',
  'connection-aborted': 'ECONNABORTED',
  'name-unresolvable': 'ENOTFOUND',
  'temporary-resolver-failure': 'EAI_AGAIN',
  'permanent-resolver-failure': 'EAI_FAIL',
  'invalid-argument': 'EINVAL',
  'invalid-state': 'ENOTCONN',
  'concurrency-conflict': 'EALREADY',
  'not-supported': 'ENOTSUP',
  'out-of-memory': 'ENOBUFS',
};
/** The numbers of these codes on Linux. */
const NUMBERS = {
  EACCES: -13,
  EALREADY: -114,
  ECONNABORTED: -103,
  ECONNREFUSED: -111,
  ECONNRESET: -104,
  EHOSTUNREACH: -113,
  EINVAL: -22,
  EMFILE: -24,
  ENOBUFS: -105,
  ENOTCONN: -107,
  ENOTFOUND: -3008,
  ENOTSUP: -95,
  EPIPE: -32,
  ETIMEDOUT: -110,
  EAI_AGAIN: -3001,
  EAI_FAIL: -3004,
};
/** Words of the host's sentences about a stream that failed. */
const WORDS = [
  [/broken pipe/i, 'EPIPE'],
  [/timed out/i, 'ETIMEDOUT'],
  [/abort/i, 'ECONNABORTED'],
];

/** The name or the sentence in what a function of the engine throws. Anything else is thrown again. */
export function reasonOf(thrown) {
  if (thrown?.tag !== 'network') throw thrown;
  return thrown.val;
}

/** The code of a name of `wasi:sockets`, or of a sentence of the host. */
export const codeOf = (reason) => CODES[reason] ?? WORDS.find(([word]) => word.test(reason))?.[1] ?? 'ECONNRESET';

/**
 * Whether the host says that a server ended an encrypted connection without the end of TLS. Some servers do that, and in
 * Node it is an end like any other.
 */
export const isUnannouncedEnd = (reason) => reason !== null && reason.includes('close_notify');

/** Whether a look-up had not ended when its attempt did. */
export const isLostLookup = ({ syscall, code }) => syscall === 'getaddrinfo' && code === 'ECONNABORTED';

const HINTS = {
  EMFILE: 'an attempt has 16 connections at most, and a plugin as many as `tcp_connections` in queues.toml allows',
  ECONNABORTED: 'if the host encrypts this connection, the log of the job says why it could not',
};

/** The error of `syscall`. `fields` become properties of it, and their address and port part of its message. */
export function networkError(syscall, reason, fields = {}, hint = undefined) {
  const code = codeOf(reason);
  const { address, port, hostname } = fields;
  const target = [address ?? hostname, port].filter((part) => part !== undefined).join(':');
  const sentence = reason in CODES ? (hint ?? (syscall === 'connect' ? HINTS[code] : undefined)) : reason;
  const error = new Error([syscall, code, target].filter(Boolean).join(' ') + (sentence ? `: ${sentence}` : ''));
  return Object.assign(error, { errno: NUMBERS[code], code, syscall }, fields);
}

/** What to add for a target that the plugin's entry does not have. */
export const missingGrant = (key, target) =>
  `add ${key} = [${JSON.stringify(target)}] to the plugin's entry in queues.toml. The log of the job says more`;
