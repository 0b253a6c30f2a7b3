// The names of the files in a source map, as stacks show them.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const SDK = fileURLToPath(new URL('..', import.meta.url));
/** The wrapper around the author's module, and modules that the bundler makes: a file has no colon in its name. */
const MADE = /^toril-plugin\.js$|^(?!file:)[\w-]{2,}:/;

/** A source map with short names: relative to the current folder, and for a package's file from `node_modules` on. */
export function shortSources(text) {
  const map = JSON.parse(text);
  return JSON.stringify({ ...map, sources: map.sources.map(shorten), names: [] });
}

function shorten(source) {
  const path = resolve(source);
  // The engine leaves out these frames.
  if (MADE.test(source)) return `toril:${source}`;
  if (path.startsWith(SDK) && !path.includes('node_modules/', SDK.length)) return own(path.slice(SDK.length), source);
  const at = path.lastIndexOf('node_modules/');
  return at === -1 ? source : path.slice(at);
}

/** A file of this package. Those for Node's modules have the names that Node shows. */
function own(file, source) {
  const [, name] = /^node\/(?!lib\/)(.+)\.c?js$/.exec(file) ?? [];
  if (name !== undefined) return `node:${name}`;
  return /^(example|test)\//.test(file) ? source : `toril:sdk/${file}`;
}
