// CryptoKey: what a script sees of a key, and the key itself, which only this part can reach.

const slots = new WeakMap();

export class CryptoKey {
  constructor(key = undefined) {
    if (key === undefined) throw new TypeError('Illegal constructor');
    slots.set(this, key);
  }

  get type() { return slots.get(this).type; }
  get extractable() { return slots.get(this).extractable; }
  get algorithm() { return slots.get(this).algorithm; }
  get usages() { return [...slots.get(this).usages]; }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    const { type, extractable, algorithm, usages } = this;
    return `CryptoKey ${inspect({ type, extractable, algorithm, usages }, options)}`;
  }
}

/** Makes a key. `data` is the bytes of a secret, PKCS#8 or SPKI. */
export function makeKey(type, data, algorithm, extractable, usages) {
  return new CryptoKey({ type, data, algorithm, extractable: type === 'public' ? true : Boolean(extractable), usages: [...usages] });
}

/** The bytes of a key, whose algorithm and use must fit. */
export function dataOf(key, name, usage) {
  const slot = slotOf(key);
  if (slot.algorithm.name !== name) throw new DOMException('Key algorithm mismatch', 'InvalidAccessError');
  if (!slot.usages.includes(usage)) throw new DOMException(`Unable to use this key to ${usage}`, 'InvalidAccessError');
  return slot.data;
}

/** The bytes of a key that may be exported. */
export function exportable(key) {
  const slot = slotOf(key);
  if (!slot.extractable) throw new DOMException('key is not extractable', 'InvalidAccessError');
  return slot.data;
}

function slotOf(key) {
  const slot = slots.get(key);
  if (slot === undefined) throw new TypeError('The "key" argument must be an instance of CryptoKey');
  return slot;
}
