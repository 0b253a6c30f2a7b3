// Counters, in a component: in a file of their own, so that a plugin that does not count does not import them.
export { increment } from 'wasi:keyvalue/atomics@0.2.0-draft';
