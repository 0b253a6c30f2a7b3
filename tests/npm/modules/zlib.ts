import zlib from 'node:zlib';
import { promisify } from 'node:util';

const failure = (call: () => unknown) => {
  try {
    return call();
  } catch (error) {
    return [(error as { code?: string }).code, (error as Error).message];
  }
};

export async function handle() {
  const text = 'Hello wörld, hello world! '.repeat(200);
  const gzipped = zlib.gzipSync(text);
  const { Z_BEST_SPEED } = zlib.constants;
  const chunks: Buffer[] = [];
  const deflater = zlib.createDeflate({ level: 9 });
  deflater.on('data', (chunk) => chunks.push(chunk));
  deflater.write(text);
  deflater.end();
  await new Promise((resolve) => deflater.on('end', resolve));
  return {
    gzip: [zlib.gunzipSync(gzipped).toString() === text, gzipped.length < 200, gzipped.subarray(0, 3).toString('hex')],
    deflate: [
      zlib.inflateSync(zlib.deflateSync(text, { level: Z_BEST_SPEED })).length,
      zlib.inflateRawSync(zlib.deflateRawSync('raw')).toString(),
      zlib.unzipSync(gzipped).length,
      zlib.unzipSync(zlib.deflateSync('z')).toString(),
    ],
    streamed: zlib.inflateSync(Buffer.concat(chunks)).toString() === text,
    promised: (await promisify(zlib.gunzip)(await promisify(zlib.gzip)('promise'))).toString(),
    fromNode: zlib.gunzipSync(Buffer.from('H4sIAAAAAAAAA8tIzcnJVyjPL8pJAQCFEUoNCwAAAA==', 'base64')).toString(),
    failed: [
      failure(() => zlib.gunzipSync('not gzip')),
      failure(() => zlib.gunzipSync(gzipped.subarray(0, 20))),
      await new Promise((resolve) =>
        zlib.inflate(Buffer.from([1, 2]), (error) => resolve((error as { code?: string })?.code)),
      ),
      (failure(() => zlib.gunzipSync(gzipped, { maxOutputLength: 10 })) as string[])[0],
    ],
  };
}
