// What the npm package `assert` uses of `util`.
export { inspect } from 'node-inspect-extracted';
export * as types from '../util/types.js';
