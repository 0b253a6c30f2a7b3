// Names of the engine's globals that must not occur in a bundle unless its author uses them: the builder adds the Web
// APIs and the interfaces whose names it finds in the text.

/** A name from its parts, which have a dash between them: `Bl-ob`. */
export const joined = (parts) => parts.replace('-', '');

/** For messages. */
export const FETCH = `\`${joined('fe-tch')}\``;

/** Adds globals to an object, read when they are used. They exist then, because the code that uses one names it. */
export function addGlobals(target, ...names) {
  for (const name of names.map(joined)) {
    Object.defineProperty(target, name, {
      get: () => globalThis[name],
      set: (value) => Object.defineProperty(target, name, { value, writable: true, configurable: true }),
      enumerable: true,
      configurable: true,
    });
  }
  return target;
}

/** Adds one member of another object to an object, and returns it. */
export function addGetter(parts, source, target) {
  const name = joined(parts);
  return Object.defineProperty(target, name, { get: () => source()[name], enumerable: true, configurable: true });
}
