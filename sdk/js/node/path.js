// `node:path`: the npm package `path-browserify`, which is Node's own code for POSIX paths.
import path from 'path-browserify';

export const { basename, delimiter, dirname, extname, format, isAbsolute, join, normalize, parse, relative, resolve, sep } =
  path;
export const toNamespacedPath = (name) => name;

Object.assign(path, { toNamespacedPath, posix: path, win32: path });
export const posix = path;
/** A plugin has no Windows paths: these functions are those for POSIX paths. */
export const win32 = path;

export default path;
