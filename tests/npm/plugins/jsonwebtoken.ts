import { generateKeyPairSync } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { ecPrivate, ecPublic, rsaPrivate, rsaPublic } from '../keys.ts';

export async function handle() {
  const payload = { sub: 'ann', iat: 1700000000, exp: 4000000000, roles: ['a'] };
  const hs = jwt.sign(payload, 'secret', { noTimestamp: true });
  const rs = jwt.sign(payload, rsaPrivate, { algorithm: 'RS256', keyid: 'k1' });
  const es = jwt.sign(payload, ecPrivate, { algorithm: 'ES256' });
  const late = jwt.sign({ exp: 1000 }, 'secret', { noTimestamp: true });
  const outcome = (call: () => unknown) => {
    try {
      return call();
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
  };
  return {
    hs,
    rs,
    verified: [jwt.verify(hs, 'secret'), jwt.verify(rs, rsaPublic), jwt.verify(es, ecPublic)],
    decoded: jwt.decode(rs, { complete: true })?.header,
    forged: outcome(() => jwt.verify(hs, 'other')),
    late: outcome(() => jwt.verify(late, 'secret')),
    audience: outcome(() => jwt.verify(hs, 'secret', { audience: 'x' })),
    generator: typeof generateKeyPairSync,
  };
}
