import crypto, {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSign,
  createVerify,
  pbkdf2Sync,
  randomBytes,
  randomInt,
  randomUUID,
  scryptSync,
  timingSafeEqual,
} from 'node:crypto';
import { promisify } from 'node:util';
import { ecPrivate, ecPublic, rsaPrivate, rsaPublic } from '../keys.ts';

const failure = (call: () => unknown) => {
  try {
    return call();
  } catch (error) {
    return [(error as Error).name, (error as { code?: string }).code];
  }
};

export async function handle() {
  const hash = createHash('sha256').update('a');
  const copy = hash.copy().update('b');
  const sealed = (name: string, key: Buffer, iv: Buffer) => {
    const isGcm = name.endsWith('gcm');
    const cipher = createCipheriv(name as 'aes-256-gcm', key, iv);
    if (isGcm) cipher.setAAD(Buffer.from('aad'));
    const text = Buffer.concat([cipher.update('Hello '), cipher.update('wörld', 'utf8'), cipher.final()]);
    const tag = isGcm ? cipher.getAuthTag() : undefined;
    const opener = createDecipheriv(name as 'aes-256-gcm', key, iv);
    if (tag) opener.setAAD(Buffer.from('aad')).setAuthTag(tag);
    return [text.toString('hex'), tag?.toString('hex'), opener.update(text, undefined, 'utf8') + opener.final('utf8')];
  };
  const [key, iv] = [Buffer.alloc(32, 7), Buffer.alloc(16, 9)];
  const rsaSigned = createSign('RSA-SHA256').update('data').sign(rsaPrivate);
  const ecSigned = createSign('sha256').update('data').sign({ key: ecPrivate, dsaEncoding: 'ieee-p1363' });
  const pss = { key: rsaPrivate, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const secret = crypto.publicEncrypt({ key: rsaPublic, oaepHash: 'sha256' }, Buffer.from('hidden'));
  const jwk = createPublicKey(ecPublic).export({ format: 'jwk' });
  return {
    hashes: ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'].map((name) =>
      createHash(name).update('abc').update(Buffer.from('ä')).digest('hex'),
    ),
    copied: [hash.digest('base64'), copy.digest('base64url')],
    hmac: [
      createHmac('sha256', 'key').update('data').digest('hex'),
      createHmac('sha512', Buffer.from('k')).update('d').digest('base64'),
      createHmac('sha1', crypto.createSecretKey(Buffer.from('k')))
        .update('d')
        .digest('hex'),
    ],
    derived: [
      pbkdf2Sync('password', 'salt', 100, 20, 'sha256').toString('hex'),
      scryptSync('password', 'salt', 32, { N: 64 }).toString('hex'),
      Buffer.from(crypto.hkdfSync('sha256', 'key', 'salt', 'info', 16)).toString('hex'),
      (await promisify(crypto.pbkdf2)('p', 's', 10, 8, 'sha1')).toString('hex'),
      ((await promisify(crypto.scrypt)('p', 's', 8)) as Buffer).toString('hex'),
    ],
    ciphers: [
      sealed('aes-256-gcm', key, iv.subarray(0, 12)),
      sealed('aes-128-gcm', key.subarray(0, 16), iv),
      sealed('aes-256-cbc', key, iv),
      sealed('aes-192-ctr', key.subarray(0, 24), iv),
    ],
    tampered: failure(() => {
      const opener = createDecipheriv('aes-256-gcm', key, iv).setAuthTag(Buffer.alloc(16));
      opener.update('00', 'hex');
      return opener.final();
    })
      ?.toString()
      .split(',')[0],
    random: [
      randomBytes(16).length,
      typeof randomInt(10),
      randomInt(5, 6),
      /^[0-9a-f-]{36}$/.test(randomUUID()),
      crypto.randomFillSync(Buffer.alloc(4)).length,
      new Set(Array.from({ length: 50 }, () => randomUUID())).size,
      (await promisify(crypto.randomBytes)(3)).length,
    ],
    signed: [
      rsaSigned.toString('hex'),
      createVerify('sha256').update('data').verify(rsaPublic, rsaSigned),
      createVerify('sha256').update('other').verify(rsaPublic, rsaSigned),
      crypto.verify('sha256', Buffer.from('data'), { key: ecPublic, dsaEncoding: 'ieee-p1363' }, ecSigned),
      crypto.verify('sha256', Buffer.from('data'), ecPublic, crypto.sign('sha256', Buffer.from('data'), ecPrivate)),
      createVerify('sha256')
        .update('data')
        .verify({ ...pss, key: rsaPublic }, createSign('sha256').update('data').sign(pss)),
    ],
    keys: [
      createPrivateKey(rsaPrivate).asymmetricKeyType,
      createPublicKey(rsaPrivate).export({ type: 'spki', format: 'pem' }) === rsaPublic,
      createPublicKey(ecPublic).asymmetricKeyDetails,
      jwk,
      createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) === ecPublic,
      createPrivateKey(rsaPrivate).export({ type: 'pkcs1', format: 'pem' }).toString().slice(0, 31),
      createPublicKey(rsaPublic).asymmetricKeyDetails?.modulusLength,
      createPrivateKey(ecPrivate).export({ format: 'jwk' }),
    ],
    decrypted: crypto.privateDecrypt({ key: rsaPrivate, oaepHash: 'sha256' }, secret).toString(),
    equal: [
      timingSafeEqual(Buffer.from('a'), Buffer.from('a')),
      timingSafeEqual(Buffer.from('a'), Buffer.from('b')),
      failure(() => timingSafeEqual(Buffer.from('a'), Buffer.from('ab'))),
    ],
    errors: [
      failure(() => createHash('nope'))
        ?.toString()
        .split(',')[0],
      failure(() => createHmac('nope', 'k')),
      failure(() => {
        const one = createHash('md5');
        one.digest();
        one.update('x');
      }),
      failure(() => createCipheriv('aes-256-cbc', Buffer.alloc(5), iv)),
      failure(() => createHash('sha1').update(5 as never)),
    ],
    subtle: Buffer.from(await crypto.webcrypto.subtle.digest('SHA-256', Buffer.from('x'))).toString('hex'),
  };
}
