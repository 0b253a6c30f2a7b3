// What a plugin cannot do with BullMQ's classes: each call fails with a message that names the alternative.

export class UnsupportedError extends Error {
  constructor(what, instead) {
    super(`${what} is not available in a plugin: ${instead}`);
    this.name = 'UnsupportedError';
    // Another attempt would fail as well.
    this.permanent = true;
  }
}

/** Adds methods that fail to a class. `advice`: the alternative, and the methods for which it is one. */
export function refuse(type, label, advice) {
  for (const [instead, names] of Object.entries(advice)) {
    for (const name of names.split(' ')) {
      Object.defineProperty(type, name, {
        value: async () => {
          throw new UnsupportedError(`${label}.${name}()`, instead);
        },
        configurable: true,
        writable: true,
      });
    }
  }
}

/** A class whose constructor fails. */
export function refusedClass(name, instead) {
  const refused = class {
    constructor() {
      throw new UnsupportedError(`new ${name}()`, instead);
    }
  };
  Object.defineProperty(refused, 'name', { value: name, configurable: true });
  return refused;
}
