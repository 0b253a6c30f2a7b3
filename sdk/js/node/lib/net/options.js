// Arguments of `connect`, and addresses.
import { coded } from '../errors.js';

/** `[options, listener]` of the arguments of `connect`. */
export function connectArguments(args) {
  const rest = [...args];
  const listener = typeof rest.at(-1) === 'function' ? rest.pop() : undefined;
  const [first, host] = rest;
  if (typeof first === 'object' && first !== null) return [first, listener];
  if (typeof first === 'string' && !/^\d+$/.test(first)) return [{ path: first }, listener];
  return [{ port: first, host: typeof host === 'string' ? host : undefined }, listener];
}

/** The number of a port, from 1 to 65535. Throws a RangeError for anything else. */
export function portOf(port) {
  const number = typeof port === 'string' && port.trim() !== '' ? Number(port) : port;
  if (typeof number === 'number' && Number.isInteger(number) && number > 0 && number < 65_536) return number;
  throw coded(RangeError, 'ERR_SOCKET_BAD_PORT', `Port should be > 0 and < 65536. Received ${String(port)}.`);
}

/** The addresses of a family, or all. */
export const ofFamily = (addresses, family) =>
  family === 4 || family === 6 ? addresses.filter((one) => one.family === family) : addresses;

/** A target in the form of queues.toml. */
export const targetText = (host, port) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

/** The parts of `address:port`. */
export function partsOf(text) {
  if (text === undefined) return {};
  const at = text.lastIndexOf(':');
  const address = text.slice(0, at).replace(/^\[|\]$/g, '');
  return { address, family: address.includes(':') ? 'IPv6' : 'IPv4', port: Number(text.slice(at + 1)) };
}
