// The npm package `abort-controller`, with the engine's classes.
const { AbortController, AbortSignal } = globalThis;

module.exports = AbortController;
for (const [name, value] of Object.entries({ AbortController, AbortSignal, default: AbortController })) {
  Object.defineProperty(module.exports, name, { value, configurable: true });
}
