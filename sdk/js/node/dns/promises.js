// `node:dns/promises`.
import { lookupPromise, promised, refused, servers } from '../lib/net/resolver.js';
import { resolve as resolveWith, resolve4 as four, resolve6 as six } from '../lib/net/resolver.js';

export const lookup = lookupPromise;
export const resolve = promised(resolveWith);
export const resolve4 = promised(four);
export const resolve6 = promised(six);

const rejecting = Object.fromEntries(Object.entries(refused).map(([name, refuse]) => [name, async () => refuse()]));

export class Resolver {
  cancel() {}
}
Object.assign(Resolver.prototype, rejecting, servers, { resolve, resolve4, resolve6 });

export const { lookupService, resolveAny, resolveCaa, resolveCname, resolveMx, resolveNaptr, resolveNs } = rejecting;
export const { resolvePtr, resolveSoa, resolveSrv, resolveTlsa, resolveTxt, reverse } = rejecting;
export const { getServers, setServers } = servers;

export default { ...rejecting, ...servers, Resolver, lookup, resolve, resolve4, resolve6 };
