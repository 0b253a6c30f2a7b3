// `node:module`: the bundler has resolved all modules, so nothing can be loaded later.
import { coded } from './lib/errors.js';

const refuse = (what) => {
  throw coded(
    Error,
    'MODULE_NOT_FOUND',
    `Cannot find module '${what}': a plugin is one file. Import the module by a constant name, so that the bundler finds it`,
  );
};

export const builtinModules = [];
export const isBuiltin = () => false;
export const createRequire = () =>
  Object.assign((name) => refuse(name), {
    resolve: (name) => refuse(name),
    cache: {},
    extensions: {},
    main: undefined,
  });
export const register = () => refuse('module.register');
export const findSourceMap = () => undefined;
export const syncBuiltinESMExports = () => {};

export class Module {
  static builtinModules = builtinModules;
  static createRequire = createRequire;
  static isBuiltin = isBuiltin;
  static _extensions = {};
  static _cache = {};
  static _load = (name) => refuse(name);
  static _resolveFilename = (name) => refuse(name);
}
Object.assign(Module, { Module, findSourceMap, register, syncBuiltinESMExports });

export default Module;
