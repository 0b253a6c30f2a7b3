// What the npm package `assert` uses of `util`.
export { inspect } from 'toril:runtime/inspect';
export * as types from '../util/types.js';
