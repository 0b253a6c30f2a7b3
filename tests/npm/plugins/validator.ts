import validator from 'validator';

export async function handle() {
  return {
    email: ['ann@example.com', 'a@b', 'ä@ö.de'].map((text) => validator.isEmail(text)),
    url: ['https://example.com/a?b=c#d', 'ftp://x', 'http://[::1]:80'].map((text) => validator.isURL(text)),
    iban: validator.isIBAN('DE89370400440532013000'),
    card: validator.isCreditCard('4111 1111 1111 1111'),
    phone: validator.isMobilePhone('+4915112345678', 'de-DE'),
    escaped: validator.escape('<a href="x">\'&</a>'),
    normalized: validator.normalizeEmail('Some.One+tag@GMail.com'),
    ip: [validator.isIP('::ffff:1.2.3.4', 6), validator.isIP('256.1.1.1')],
    jwt: validator.isJWT('a.b.c'),
    strong: validator.isStrongPassword('aB3$efgh'),
    date: validator.isISO8601('2026-02-30', { strict: true }),
    uuid: validator.isUUID('6ba7b810-9dad-11d1-80b4-00c04fd430c8'),
  };
}
