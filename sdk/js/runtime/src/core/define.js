// How the runtime puts its classes and functions on the global object.

/** Defines globals as the standards do: writable and configurable, but not enumerable. */
export function defineGlobals(values) {
  for (const name of Object.keys(values)) {
    Object.defineProperty(globalThis, name, { value: values[name], writable: true, configurable: true, enumerable: false });
  }
}

/** Gives a class its `Symbol.toStringTag`, and makes the named members enumerable, as WebIDL asks. */
export function asInterface(constructor, name, members = []) {
  Object.defineProperty(constructor.prototype, Symbol.toStringTag, { value: name, configurable: true });
  for (const member of members) Object.defineProperty(constructor.prototype, member, { enumerable: true });
}

/** A string as WebIDL's USVString: lone surrogates become U+FFFD, which natives in Rust need as well. */
export const usv = (value) => String(value).toWellFormed();
