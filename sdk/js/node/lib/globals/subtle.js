// A module of its own, so that only bundles that import it have its name.
export const { subtle } = globalThis.crypto;
