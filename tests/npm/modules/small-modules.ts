import assert from 'node:assert';
import strict from 'node:assert/strict';
import os from 'node:os';
import path from 'node:path';
import punycode from 'node:punycode';
import querystring from 'node:querystring';
import { StringDecoder } from 'node:string_decoder';
import url from 'node:url';
import net from 'node:net';

const failure = (call: () => unknown) => {
  try {
    call();
    return 'none';
  } catch (error) {
    const { name, code, message } = error as Error & { code: string };
    return [name, code, message.split('\n')[0]];
  }
};

export async function handle() {
  const decoder = new StringDecoder('utf8');
  const euro = Buffer.from('€');
  return {
    path: [
      path.join('/a', '../b', './c.txt'),
      path.resolve('x', '/y', 'z'),
      path.relative('/a/b/c', '/a/d'),
      path.parse('/home/u/file.tar.gz'),
      path.extname('.bashrc'),
      path.basename('/a/b.txt', '.txt'),
      path.normalize('a//b/../c/'),
      path.isAbsolute('a'),
      path.dirname('/a/b/'),
      path.format({ dir: '/x', name: 'n', ext: '.e' }),
      path.sep,
      path.posix === path,
    ],
    query: [
      querystring.parse('a=1&b=%C3%A4&a=2&c'),
      querystring.stringify({ a: [1, 'x y'], b: true, c: 'ä&=' }),
      querystring.escape('a b&ä'),
      querystring.parse('a:1;b:2', ';', ':'),
    ],
    url: [
      url.parse('https://user:p%20w@example.com:8080/p/a?q=1&r=2#h', true).query,
      url.parse('//x/y', false, true).host,
      url.resolve('http://a.com/b/c', '../d'),
      url.format({ protocol: 'https', hostname: 'x.y', pathname: '/z', query: { a: 1 } }),
      url.fileURLToPath('file:///a%20b/c'),
      url.pathToFileURL('/a b#c').href,
      url.domainToASCII('español.com'),
      url.urlToHttpOptions(new URL('http://a:b@c.d:1/e?f')).path,
      new url.URL('x', 'http://y/z/').href,
    ],
    decoder: [
      decoder.write(euro.subarray(0, 1)),
      decoder.write(euro.subarray(1)),
      decoder.end(),
      new StringDecoder('base64').write(Buffer.from('abcd')),
    ],
    assert: [
      failure(() => assert.equal(1, 2)),
      failure(() => assert.deepEqual({ a: 1 }, { a: '1' })),
      failure(() => strict.deepEqual({ a: 1 }, { a: '1' })),
      failure(() =>
        assert.throws(() => {
          throw new TypeError('x');
        }, TypeError),
      ),
      failure(() => assert(0, 'message')),
      failure(() => assert.strictEqual(NaN, NaN)),
      failure(() => assert.deepStrictEqual(new Map([[1, { a: [new Date(0)] }]]), new Map([[1, { a: [new Date(0)] }]]))),
      failure(() => assert.match('abc', /x/)),
      await assert.rejects(Promise.reject(new Error('y')), /y/).then(() => 'rejects'),
    ].map((found) => (Array.isArray(found) ? found.slice(0, 2) : found)),
    punycode: [punycode.toASCII('mañana.com'), punycode.decode('maana-pta')],
    os: [os.EOL, os.platform(), typeof os.hostname(), os.tmpdir()],
    net: ['1.2.3.4', '256.1.1.1', '::1', '::ffff:1.2.3.4', '1::2::3', 'fe80::1%eth0', 'x'].map((text) =>
      net.isIP(text),
    ),
  };
}
