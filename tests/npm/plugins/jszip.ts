import JSZip from 'jszip';

export async function handle() {
  const zip = new JSZip();
  zip.file('a.txt', 'Hello wörld '.repeat(50), { date: new Date(0) });
  zip.folder('dir')?.file('b.bin', new Uint8Array([1, 2, 3]));
  const bytes = await zip.generateAsync({ type: 'nodebuffer', compression: 'DEFLATE' });
  const again = await JSZip.loadAsync(bytes);
  const chunks: Buffer[] = [];
  const stream = zip.generateNodeStream({ streamFiles: true });
  stream.on('data', (chunk) => chunks.push(chunk));
  await new Promise((resolve) => stream.on('end', resolve));
  return {
    names: Object.keys(again.files),
    text: (await again.file('a.txt')?.async('string'))?.length,
    bytes: [...((await again.file('dir/b.bin')?.async('uint8array')) ?? [])],
    small: bytes.length < 500,
    base64: (await zip.generateAsync({ type: 'base64' })).slice(0, 4),
    streamed: Buffer.concat(chunks).subarray(0, 2).toString(),
  };
}
