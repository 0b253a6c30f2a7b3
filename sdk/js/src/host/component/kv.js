// Key-value data, in a component.
export { open } from 'wasi:keyvalue/store@0.2.0-draft';
