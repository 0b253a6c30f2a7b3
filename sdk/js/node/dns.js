// `node:dns`: look-ups of the names that the plugin's entry grants.
import promises from './dns/promises.js';
import { lookup, refused, resolve, resolve4, resolve6, servers } from './lib/net/resolver.js';

export class Resolver {
  cancel() {}
  setLocalAddress() {}
}
Object.assign(Resolver.prototype, refused, servers, { resolve, resolve4, resolve6 });

export const { lookupService, resolveAny, resolveCaa, resolveCname, resolveMx, resolveNaptr, resolveNs } = refused;
export const { resolvePtr, resolveSoa, resolveSrv, resolveTlsa, resolveTxt, reverse } = refused;
export const { getServers, setServers } = servers;
export const ADDRCONFIG = 32;
export const V4MAPPED = 8;
export const ALL = 16;
export const NODATA = 'ENODATA';
export const NOTFOUND = 'ENOTFOUND';
let order = 'verbatim';
export const getDefaultResultOrder = () => order;
export const setDefaultResultOrder = (value) => {
  order = value;
};

export { lookup, promises, resolve, resolve4, resolve6 };
export default {
  ...refused,
  ...servers,
  ADDRCONFIG,
  ALL,
  NODATA,
  NOTFOUND,
  Resolver,
  V4MAPPED,
  getDefaultResultOrder,
  lookup,
  promises,
  resolve,
  resolve4,
  resolve6,
  setDefaultResultOrder,
};
