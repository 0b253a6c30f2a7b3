// `node:path`: the npm package `path-browserify`, which is Node's own code for POSIX paths.
import path from 'path-browserify';
import { unavailable } from './lib/errors.js';

export const {
  basename,
  delimiter,
  dirname,
  extname,
  format,
  isAbsolute,
  join,
  normalize,
  parse,
  relative,
  resolve,
  sep,
} = path;
export const toNamespacedPath = (name) => name;
export const _makeLong = toNamespacedPath;
export function matchesGlob() {
  throw unavailable('path.matchesGlob', 'use the npm package picomatch');
}

Object.assign(path, { _makeLong, matchesGlob, toNamespacedPath, posix: path, win32: path });
export const posix = path;
/** A plugin has no Windows paths: these functions are those for POSIX paths. */
export const win32 = path;

export default path;
