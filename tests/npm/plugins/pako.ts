import * as pako from 'pako';

export async function handle() {
  const text = 'Hello wörld '.repeat(100);
  const zipped = pako.gzip(text);
  const inflater = new pako.Inflate({ to: 'string' } as never);
  const deflated = pako.deflate(new TextEncoder().encode(text), { level: 9 });
  inflater.push(deflated.subarray(0, 20), false);
  inflater.push(deflated.subarray(20), true);
  const failed = (() => {
    try {
      return pako.inflate(new Uint8Array([1, 2, 3]));
    } catch (error) {
      return String(error);
    }
  })();
  return {
    back: new TextDecoder().decode(pako.ungzip(zipped)) === text,
    size: [zipped.length, deflated.length],
    raw: new TextDecoder().decode(pako.inflateRaw(pako.deflateRaw(new TextEncoder().encode('x')))),
    streamed: (inflater.result as unknown as string).length,
    failed,
  };
}
