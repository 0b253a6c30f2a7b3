// crypto.subtle over the engine's cryptography.
import { Crypto, asInterface, defineGlobals } from 'toril:runtime/core';
import { CryptoKey } from './key.js';
import { SubtleCrypto } from './subtle-crypto.js';
import 'toril:engine/full';

let subtle;
Object.defineProperty(Crypto.prototype, 'subtle', {
  configurable: true,
  enumerable: true,
  get() {
    subtle ??= new SubtleCrypto();
    return subtle;
  },
});
asInterface(SubtleCrypto, 'SubtleCrypto');
asInterface(CryptoKey, 'CryptoKey', ['type', 'extractable', 'algorithm', 'usages']);

export { CryptoKey, SubtleCrypto };

defineGlobals({ CryptoKey, SubtleCrypto });
