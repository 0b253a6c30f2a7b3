// The plugin's `config` and `secrets`.
import * as host from '#host/config';
import { Fatal } from './failure.js';
import { ask } from './host-error.js';

function get(key) {
  return ask(`the setting \`${key}\` could not be read`, () => host.get(key)) ?? undefined;
}

function require(key) {
  const value = get(key);
  if (value === undefined) {
    throw new Fatal(`the setting \`${key}\` is missing: add it to this plugin's \`config\` or \`secrets\` in queues.toml`);
  }
  return value;
}

export const config = { get, require };
