// The functions of `node:dns`. The host looks up names that the plugin's entry grants, and knows addresses only.
import { coded, unavailable, wrongType } from '../errors.js';
import { nextTick } from '../next-tick.js';
import { isIP } from './is-ip.js';
import { addressesOf } from './lookup.js';

const ADVICE = 'the host looks up addresses only';

/** `lookup(hostname, options?, callback)`. */
export function lookup(hostname, options, callback) {
  const listener = typeof options === 'function' ? options : callback;
  if (typeof listener !== 'function') throw wrongType('callback', 'of type function', listener);
  const given = typeof options === 'number' ? { family: options } : listener === options ? {} : options;
  const { family = 0, all = false } = given ?? {};
  const wanted = { IPv4: 4, IPv6: 6 }[family] ?? family;
  if (!hostname) {
    nextTick(() => (all ? listener(null, []) : listener(null, null, wanted === 6 ? 6 : 4)));
    return {};
  }
  addressesOf(String(hostname), (error, addresses) => {
    if (error) return listener(error);
    // As in Node, an address is its own answer, whatever the family is.
    const found = addresses.filter((one) => wanted === 0 || isIP(hostname) || one.family === wanted);
    if (found.length === 0) return listener(notFound('getaddrinfo', hostname));
    return all ? listener(null, found) : listener(null, found[0].address, found[0].family);
  });
  return {};
}

const resolveFamily = (family) =>
  function (hostname, options, callback) {
    const listener = typeof options === 'function' ? options : callback;
    if (typeof listener !== 'function') throw wrongType('callback', 'of type function', listener);
    const syscall = family === 4 ? 'queryA' : 'queryAaaa';
    const withTtl = typeof options === 'object' && options?.ttl;
    addressesOf(String(hostname), (error, addresses) => {
      if (error) return listener(Object.assign(error, { syscall }));
      const found = addresses.filter((one) => one.family === family).map(({ address }) => address);
      if (found.length === 0) return listener(coded(Error, 'ENODATA', `${syscall} ENODATA ${hostname}`));
      return listener(null, withTtl ? found.map((address) => ({ address, ttl: 0 })) : found);
    });
    return {};
  };

export const resolve4 = resolveFamily(4);
export const resolve6 = resolveFamily(6);

/** `resolve(hostname, rrtype?, callback)`. */
export function resolve(hostname, rrtype, callback) {
  const type = typeof rrtype === 'string' ? rrtype : 'A';
  const listener = typeof rrtype === 'function' ? rrtype : callback;
  if (type === 'A') return resolve4(hostname, listener);
  if (type === 'AAAA') return resolve6(hostname, listener);
  throw unavailable(`dns.resolve of ${type} records`, ADVICE);
}

function notFound(syscall, hostname) {
  const error = coded(Error, 'ENOTFOUND', `${syscall} ENOTFOUND ${hostname}`);
  return Object.assign(error, { errno: -3008, syscall, hostname });
}

const OTHERS = 'Any Caa Cname Mx Naptr Ns Ptr Soa Srv Tlsa Txt'.split(' ').map((type) => `resolve${type}`);

/** What the host cannot answer. */
export const refused = Object.fromEntries(
  [...OTHERS, 'lookupService', 'reverse'].map((name) => [
    name,
    () => {
      throw unavailable(`dns.${name}`, ADVICE);
    },
  ]),
);

/** A function with a callback as one that returns a promise. */
export const promised =
  (call, toValue = (value) => value) =>
  (...args) =>
    new Promise((resolve, reject) => {
      call(...args, (error, ...values) => (error ? reject(error) : resolve(toValue(...values))));
    });

/** `lookup` with a promise. */
export const lookupPromise = (hostname, options = {}) =>
  new Promise((resolve, reject) => {
    lookup(hostname, options, (error, address, family) => {
      if (error) reject(error);
      else resolve(Array.isArray(address) ? address : { address, family });
    });
  });

/** The servers are the host's. */
export const servers = { getServers: () => [], setServers: () => {} };
