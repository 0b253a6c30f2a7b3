// The plugin's key-value data.
import * as host from '#host/kv';
import { ask } from './host-error.js';
import { toJson } from './json.js';

/** Calls the host with the plugin's own store. Opening it for each call costs nothing, and keeps no resource. */
const withStore = (doing, call) => ask(doing, () => call(host.open('')));

const getBytes = (key) => withStore(`\`${key}\` could not be read`, (store) => store.get(key)) ?? undefined;

const setBytes = (key, bytes) => withStore(`\`${key}\` could not be written`, (store) => store.set(key, bytes));

function get(key) {
  const bytes = getBytes(key);
  return bytes && JSON.parse(new TextDecoder().decode(bytes));
}

const set = (key, value) => setBytes(key, new TextEncoder().encode(toJson(`\`${key}\``, value)));

function remove(key) {
  withStore(`\`${key}\` could not be deleted`, (store) => store.delete(key));
}

const exists = (key) => withStore(`\`${key}\` could not be looked up`, (store) => store.exists(key));

function* keys() {
  let cursor;
  do {
    const page = withStore('the keys could not be listed', (store) => store.listKeys(cursor));
    yield* page.keys;
    cursor = page.cursor ?? undefined;
  } while (cursor !== undefined);
}

export const kv = { get, set, getBytes, setBytes, delete: remove, exists, keys };
