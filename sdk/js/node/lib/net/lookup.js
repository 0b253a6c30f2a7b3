// Look-ups of names. The host answers them for names that the plugin's entry grants.
import native from 'toril:engine/native';
import * as host from 'toril:engine/sockets';
import { setTimeout } from '../../timers.js';
import { keep } from '../context.js';
import { nextTick } from '../next-tick.js';
import { isIP } from './is-ip.js';
import { missingGrant, networkError, reasonOf } from './errors.js';

/** Addresses that were looked up, and their names, which errors and certificates need. */
const names = new Map();

/** The name of which an address is known. */
export const nameOf = (address) => names.get(address);

const NOT_PUBLIC =
  'the name leads to addresses that are not public. Add their range to `private_addresses` of the plugin in queues.toml';
const ATTEMPT_ENDED = 'the attempt that began the look-up has ended';

/**
 * Calls back with the addresses of a name, as `{ address, family }`. Returns a function that ends the look-up. A
 * look-up from the time before any job runs is made when one does. `use` is the grant and the port, for errors.
 */
export function addressesOf(name, callback, use = { grant: 'tcp', port: 'PORT' }) {
  const ended = keep(callback);
  if (isIP(name)) {
    nextTick(ended, null, [{ address: name, family: isIP(name) }]);
    return () => {};
  }
  if (!native.live()) {
    const timer = setTimeout(() => addressesOf(name, ended, use), 1);
    return () => timer.close();
  }
  const fail = (reason, denied) => {
    const hints = { 'access-denied': denied, 'connection-aborted': ATTEMPT_ENDED };
    ended(networkError('getaddrinfo', reason, { hostname: name }, hints[reason]));
  };
  try {
    const id = host.lookup(name, (reason, found) => {
      if (reason !== null) return fail(reason, NOT_PUBLIC);
      for (const address of found) names.set(address, name);
      ended(null, found.map((address) => ({ address, family: isIP(address) })));
    });
    return () => host.close(id);
  } catch (thrown) {
    nextTick(fail, reasonOf(thrown), missingGrant(use.grant, `${name}:${use.port}`));
    return () => {};
  }
}
