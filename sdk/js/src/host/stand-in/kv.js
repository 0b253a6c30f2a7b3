// Key-value data, outside of a component: a map whose values are bytes or text.
import { state } from './state.js';

const bytes = (value) => (typeof value === 'string' ? new TextEncoder().encode(value) : value);

const bucket = {
  get: (key) => (state().kv.has(key) ? bytes(state().kv.get(key)) : undefined),
  set: (key, value) => void state().kv.set(key, value),
  delete: (key) => void state().kv.delete(key),
  exists: (key) => state().kv.has(key),
  listKeys: () => ({ keys: [...state().kv.keys()], cursor: undefined }),
};

export const open = () => bucket;
