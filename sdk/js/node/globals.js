// Node's global variables. The bundler imports those from here that a bundle uses and does not declare.
export { Buffer } from './buffer.js';
export { default as process } from './process.js';
export { clearImmediate, setImmediate } from './timers.js';
