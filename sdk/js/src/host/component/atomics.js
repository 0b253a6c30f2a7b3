// Counters, in a component. A separate file, so that a plugin without counters does not import them.
export { increment } from 'wasi:keyvalue/atomics@0.2.0-draft';
