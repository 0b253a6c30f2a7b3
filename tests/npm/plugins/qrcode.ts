import QRCode from 'qrcode';

export async function handle() {
  const url = await QRCode.toDataURL('https://example.com/ä?x=1', { errorCorrectionLevel: 'M', margin: 1 });
  const png = await QRCode.toBuffer('hello', { scale: 2 });
  return {
    svg: await QRCode.toString('hello', { type: 'svg' }),
    text: await QRCode.toString('hello', { type: 'utf8' }),
    modules: QRCode.create('hello', {}).modules.size,
    url: url.slice(0, 22),
    png: [...png.subarray(0, 8)],
    width: png.readUInt32BE(16),
  };
}
