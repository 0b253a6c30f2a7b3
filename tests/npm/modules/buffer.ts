import { Buffer, constants, isUtf8, transcode } from 'node:buffer';

const attempt = (call: () => unknown) => {
  try {
    return call();
  } catch (error) {
    return [(error as Error).name, (error as { code?: string }).code];
  }
};

export async function handle() {
  const text = 'Grüße, 世界 👋';
  const encodings = ['utf8', 'hex', 'base64', 'base64url', 'latin1', 'ascii', 'utf16le', 'ucs2', 'binary'] as const;
  const bytes = Buffer.from(text);
  const numbers = Buffer.alloc(24);
  numbers.writeUInt32BE(0xdeadbeef, 0);
  numbers.writeInt16LE(-2, 4);
  numbers.writeDoubleBE(1.5, 6);
  numbers.writeBigUInt64LE(123456789012345n, 14);
  const shared = Buffer.from([1, 2, 3, 4]);
  shared.subarray(1, 3)[0] = 9;
  shared.slice(-2)[0] = 7;
  return {
    encoded: encodings.map((encoding) => [encoding, bytes.toString(encoding), Buffer.byteLength(text, encoding)]),
    decoded: encodings.map((encoding) => Buffer.from(bytes.toString(encoding), encoding).toString('hex')),
    broken: [
      Buffer.from('abc!!!_-8=trailing', 'base64').toString('hex'),
      Buffer.from('0102zz03', 'hex').toString('hex'),
      Buffer.from('a', 'base64').length,
      Buffer.from([0xff, 0xfe, 0x41]).toString(),
    ],
    numbers: [
      numbers.toString('hex'),
      numbers.readUInt32BE(0),
      numbers.readInt16LE(4),
      numbers.readDoubleBE(6),
      String(numbers.readBigUInt64LE(14)),
      numbers.readUIntBE(0, 3),
    ],
    shared: [...shared],
    searched: [
      bytes.indexOf('世'),
      bytes.indexOf(0x21),
      bytes.includes('👋'),
      bytes.lastIndexOf('e'),
      bytes.indexOf('x'),
      bytes.indexOf('e', 5),
      bytes.indexOf(Buffer.from('界')),
      Buffer.from('aXbXc').lastIndexOf('X', 2),
      bytes.indexOf(''),
    ],
    compared: [
      Buffer.compare(Buffer.from('a'), Buffer.from('b')),
      Buffer.from('b').compare(Buffer.from('a')),
      bytes.equals(Buffer.from(text)),
      Buffer.from('abc').compare(Buffer.from('xabc'), 1, 4),
      Buffer.from([255]).compare(Buffer.from([1])),
    ],
    filled: [
      Buffer.alloc(5, 'ab').toString(),
      Buffer.alloc(3).fill(0x61).toString(),
      Buffer.alloc(4, 'YWI=', 'base64').toString(),
    ],
    written: [
      Buffer.alloc(4).write('ä€'),
      Buffer.alloc(6).write('ä€', 1),
      Buffer.alloc(3).write('abcdef', 1, 'latin1'),
      Buffer.alloc(4).write('zz', 'hex'),
    ],
    joined: Buffer.concat([Buffer.from('a'), new Uint8Array([98]), Buffer.from('c')], 2).toString(),
    json: JSON.stringify(Buffer.from('ab')),
    kinds: [
      Buffer.isBuffer(bytes),
      Buffer.isBuffer(new Uint8Array()),
      bytes instanceof Uint8Array,
      Buffer.isEncoding('UTF-8'),
      Buffer.isEncoding('nope'),
    ],
    swapped: Buffer.from([1, 2, 3, 4]).swap16().toString('hex'),
    copied: (() => {
      const target = Buffer.alloc(3);
      return [bytes.copy(target, 1, 0, 5), target.toString('hex')];
    })(),
    entries: [...Buffer.from('ab').entries()],
    errors: [
      attempt(() => Buffer.from(5 as never)),
      attempt(() => Buffer.alloc('x' as never)),
      attempt(() => bytes.toString('nope' as never)),
      (attempt(() => Buffer.alloc(2).readUInt32BE(0)) as string[])[0],
      attempt(() => Buffer.from(null as never)),
    ],
    sliced: [bytes.toString('utf8', 0, 5), bytes.toString('hex', 2, -1 as never), bytes.subarray(1, 4).toString('hex')],
    rest: [
      isUtf8(Buffer.from([0xc3])),
      transcode(Buffer.from('€'), 'utf8', 'utf16le').toString('hex'),
      constants.MAX_LENGTH > 1e6,
      atob(btoa('x')),
    ],
    arrays: [
      Buffer.from(new Uint16Array([1, 258])).toString('hex'),
      Buffer.from(new Uint16Array([1, 258]).buffer).toString('hex'),
      Buffer.from({ length: 2, 0: 5, 1: 300 } as never).toString('hex'),
      Buffer.of(1, 2).toString('hex'),
      Buffer.from(Buffer.from('x')).toString(),
    ],
  };
}
