// Makes classes of `node:crypto` streams, but only in bundles that have `node:stream`: few use them as such, and the
// code of streams is large. Nothing can be piped into a hash without that module.
const waiting = [];
let streams;

const link = (Class, kind) => {
  Object.setPrototypeOf(Class.prototype, streams[kind].prototype);
  Object.setPrototypeOf(Class, streams[kind]);
};

/** Makes a class extend `Transform` or `Writable`, if there is one. */
export function extendStream(Class, kind) {
  if (streams) link(Class, kind);
  else waiting.push([Class, kind]);
}

/** Called in the constructors of such classes. */
export const initialize = (self, kind, options) => streams?.[kind].call(self, options);

/** Called by `node:stream`. */
export function provideStreams(classes) {
  streams = classes;
  for (const [Class, kind] of waiting.splice(0)) link(Class, kind);
}
