// Errors of requests, as Node's fetch reports them: `TypeError: fetch failed` whose cause has a code.

const CODES = [
  [/denied|not allowed|not public|queues\.toml/i, 'EACCES'],
  [/dns|host name was not found/i, 'ENOTFOUND'],
  [/refused/i, 'ECONNREFUSED'],
  [/connect\w*[ -]?timed? ?out|connection-?timeout/i, 'UND_ERR_CONNECT_TIMEOUT'],
  [/timed? ?out/i, 'ETIMEDOUT'],
  [/tls[ -]?certificate|certificate/i, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  [/tls/i, 'EPROTO'],
  [/terminated|reset|closed|incomplete/i, 'ECONNRESET'],
  [/unavailable|unreachable/i, 'EHOSTUNREACH'],
];

function causeOf(text) {
  const cause = new Error(text);
  const code = CODES.find(([pattern]) => pattern.test(text))?.[1];
  if (code !== undefined) cause.code = code;
  return cause;
}

/**
 * A request that has failed. A denial names the line for queues.toml, which the author must see in the job's failed
 * reason, so it is part of the message. Everything else is in the cause, as in Node.
 */
export function fetchFailed(reason) {
  const cause = typeof reason === 'string' ? causeOf(reason) : reason;
  const denied = cause.code === 'EACCES';
  return new TypeError(denied ? `fetch failed: ${cause.message}` : 'fetch failed', { cause });
}

/** A response whose body has broken off. */
export const terminated = (reason) => new TypeError('terminated', { cause: causeOf(reason) });
