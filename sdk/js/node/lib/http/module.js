// What `node:http` and `node:https` have in common.
import { unavailable } from '../errors.js';
import { ClientRequest } from './client-request.js';
import { fromUrl } from './options.js';

/** `request` and `get` for a protocol. */
export function clientFor(protocol, agent) {
  function request(input, options, callback) {
    const isUrl = typeof input === 'string' || input instanceof URL;
    const [settings, onResponse] = typeof options === 'function' ? [{}, options] : [options, callback];
    const defaults = { protocol, agent: agent() };
    const whole = isUrl ? { ...fromUrl(input), ...settings } : { ...input, ...(isUrl ? {} : settings) };
    return new ClientRequest({ ...defaults, ...defined(whole) }, undefined, onResponse);
  }
  const get = (input, options, callback) => {
    const sent = request(input, options, callback);
    sent.end();
    return sent;
  };
  return { request, get };
}

const defined = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** Servers do not exist. */
export function createServer() {
  throw unavailable(
    'http.createServer',
    'a plugin handles jobs. To react to a request, add a job: see docs/operating.md',
  );
}
