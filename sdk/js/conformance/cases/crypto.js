// Web Crypto with fixed keys: what is random is only used on its own side.
const data = new TextEncoder().encode('The quick brown fox jumps over the lazy dog');
const key = Uint8Array.from({ length: 32 }, (_, at) => at * 7);
const { subtle } = crypto;
const fixed = (length) => new Uint8Array(length).fill(9);

const EC = { kty: 'EC', crv: 'P-256', x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4', y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM', d: '870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE' };
const ED = { kty: 'OKP', crv: 'Ed25519', d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };

export function cases(add) {
  for (const hash of ['SHA-1', 'SHA-256', 'sha-384', 'SHA-512', 'MD5']) add(`digest ${hash}`, () => subtle.digest(hash, data));
  for (const hash of ['SHA-1', 'SHA-256', 'SHA-512']) {
    add(`HMAC ${hash}`, async () => subtle.sign('HMAC', await subtle.importKey('raw', key, { name: 'HMAC', hash }, false, ['sign']), data));
    add(`PBKDF2 ${hash}`, async () => subtle.deriveBits({ name: 'PBKDF2', hash, salt: fixed(8), iterations: 3 }, await subtle.importKey('raw', key, 'PBKDF2', false, ['deriveBits']), 256));
    add(`HKDF ${hash}`, async () => subtle.deriveBits({ name: 'HKDF', hash, salt: fixed(8), info: fixed(3) }, await subtle.importKey('raw', key, 'HKDF', false, ['deriveBits']), 512));
  }
  for (const [name, parameters] of Object.entries({
    'AES-GCM': { iv: fixed(12) }, 'AES-GCM with 16 bytes of IV': { iv: fixed(16) }, 'AES-GCM with data and a short tag': { iv: fixed(12), additionalData: fixed(5), tagLength: 96 }, 'AES-CBC': { iv: fixed(16) }, 'AES-CTR': { counter: fixed(16), length: 64 },
  })) {
    const algorithm = { name: name.slice(0, 7), ...parameters };
    for (const length of [16, 32]) {
      add(`${name} ${length * 8}`, async () => subtle.encrypt(algorithm, await subtle.importKey('raw', key.slice(0, length), algorithm.name, false, ['encrypt']), data));
      add(`${name} ${length * 8} back`, async () => { const used = await subtle.importKey('raw', key.slice(0, length), algorithm.name, false, ['encrypt', 'decrypt']); return new TextDecoder().decode(await subtle.decrypt(algorithm, used, await subtle.encrypt(algorithm, used, data))); });
    }
  }
  add('AES-GCM refuses a changed tag', async () => { const algorithm = { name: 'AES-GCM', iv: fixed(12) }; const used = await subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']); const sealed = new Uint8Array(await subtle.encrypt(algorithm, used, data)); sealed[0] ^= 1; return subtle.decrypt(algorithm, used, sealed); });
  add('AES-CBC refuses garbage', async () => subtle.decrypt({ name: 'AES-CBC', iv: fixed(16) }, await subtle.importKey('raw', key, 'AES-CBC', false, ['decrypt']), fixed(15)));
  add('Ed25519', async () => subtle.sign('Ed25519', await subtle.importKey('jwk', ED, 'Ed25519', false, ['sign']), data));
  add('Ed25519 verify', async () => { const { d, ...open } = ED; const signature = await subtle.sign('Ed25519', await subtle.importKey('jwk', ED, 'Ed25519', false, ['sign']), data); return subtle.verify('Ed25519', await subtle.importKey('jwk', open, 'Ed25519', true, ['verify']), signature, data); });
  add('ECDSA there and back', async () => { const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }; const { d, ...open } = EC; const signature = await subtle.sign(algorithm, await subtle.importKey('jwk', EC, algorithm, false, ['sign']), data); const used = await subtle.importKey('jwk', open, algorithm, true, ['verify']); return [signature.byteLength, await subtle.verify(algorithm, used, signature, data), await subtle.verify(algorithm, used, signature, key)]; });
  for (const format of ['spki', 'raw', 'jwk']) add(`export a public key as ${format}`, async () => { const { d, ...open } = EC; return subtle.exportKey(format, await subtle.importKey('jwk', open, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])); });
  add('export a private key as jwk', async () => subtle.exportKey('jwk', await subtle.importKey('jwk', EC, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign'])));
  add('export a secret as jwk', async () => subtle.exportKey('jwk', await subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, true, ['sign', 'verify'])));
  add('what is not extractable', async () => subtle.exportKey('raw', await subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt'])));
  add('a wrong use', async () => subtle.encrypt({ name: 'AES-GCM', iv: fixed(12) }, await subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']), data));
  add('an unknown algorithm', () => subtle.digest('SHA-99', data));
  add('ECDH', async () => { const algorithm = { name: 'ECDH', namedCurve: 'P-256' }; const { d, ...open } = EC; return subtle.deriveBits({ name: 'ECDH', public: await subtle.importKey('jwk', open, algorithm, true, []) }, await subtle.importKey('jwk', EC, algorithm, false, ['deriveBits']), 256); });
  for (const name of ['RSASSA-PKCS1-v1_5', 'RSA-PSS']) {
    add(`${name} there and back`, async () => { const pair = await subtle.generateKey({ name, modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, true, ['sign', 'verify']); const algorithm = { name, saltLength: 32 }; const signature = await subtle.sign(algorithm, pair.privateKey, data); const jwk = await subtle.exportKey('jwk', pair.privateKey); const again = await subtle.importKey('jwk', jwk, { name, hash: 'SHA-256' }, false, ['sign']); return [signature.byteLength, await subtle.verify(algorithm, pair.publicKey, signature, data), Object.keys(jwk).sort(), (await subtle.sign(algorithm, again, data)).byteLength]; });
  }
  add('getRandomValues refuses floats', () => crypto.getRandomValues(new Float32Array(1)));
  add('randomUUID', () => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()));
}
