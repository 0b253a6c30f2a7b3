import {
  CompactEncrypt,
  SignJWT,
  compactDecrypt,
  createLocalJWKSet,
  decodeJwt,
  exportJWK,
  importPKCS8,
  importSPKI,
  jwtVerify,
} from 'jose';
import { ecPrivate, ecPublic, rsaPrivate, rsaPublic } from '../keys.ts';

export async function handle() {
  const secret = new TextEncoder().encode('a secret of at least 256 bits, to be sure');
  const hs = await new SignJWT({ a: 1 })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt(1700000000)
    .setExpirationTime(4000000000)
    .sign(secret);
  const rs = await new SignJWT({ a: 2 })
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer('me')
    .sign(await importPKCS8(rsaPrivate, 'RS256'));
  const es = await new SignJWT({ a: 3 })
    .setProtectedHeader({ alg: 'ES256', kid: 'e' })
    .sign(await importPKCS8(ecPrivate, 'ES256'));
  const key = await importSPKI(ecPublic, 'ES256', { extractable: true });
  const set = createLocalJWKSet({ keys: [{ ...(await exportJWK(key)), kid: 'e', alg: 'ES256' }] });
  const sealed = await new CompactEncrypt(new TextEncoder().encode('hidden'))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(secret.slice(0, 32));
  return {
    hs,
    rs,
    verified: [
      (await jwtVerify(hs, secret)).payload,
      (await jwtVerify(rs, await importSPKI(rsaPublic, 'RS256'), { issuer: 'me' })).payload,
      (await jwtVerify(es, set)).payload,
    ],
    decoded: decodeJwt(es),
    opened: new TextDecoder().decode((await compactDecrypt(sealed, secret.slice(0, 32))).plaintext),
    forged: await jwtVerify(hs, new TextEncoder().encode('another secret of at least 256 bits')).catch(
      (error) => error.code,
    ),
  };
}
