// A module of its own, so that only bundles that import these classes have their names.
export const { Blob, File } = globalThis;
