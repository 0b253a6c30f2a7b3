// Text encodings and base64.
const bytes = (...list) => Uint8Array.from(list);

const UTF8 = [
  bytes(0xff), bytes(0xc0, 0x80), bytes(0xe0, 0x80, 0x80), bytes(0xed, 0xa0, 0x80), bytes(0xf4, 0x90, 0x80, 0x80), bytes(0xf0, 0x9f, 0x98), bytes(0xe2, 0x82, 0x41),
  bytes(0xef, 0xbb, 0xbf, 0x41), bytes(0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf), bytes(0xf0, 0x9f, 0x98, 0x80), bytes(0x80, 0x81), bytes(0xc3), bytes(0xe2, 0x28, 0xa1), bytes(0xf8, 0x88, 0x80, 0x80, 0x80), bytes(),
];

export function cases(add) {
  UTF8.forEach((input, at) => {
    add(`utf-8 ${at}`, () => new TextDecoder().decode(input));
    add(`utf-8 fatal ${at}`, () => new TextDecoder('utf-8', { fatal: true }).decode(input));
    add(`utf-8 with its BOM ${at}`, () => new TextDecoder('utf-8', { ignoreBOM: true }).decode(input));
    add(`utf-8 byte by byte ${at}`, () => {
      const decoder = new TextDecoder();
      let text = '';
      for (const byte of input) text += decoder.decode(bytes(byte), { stream: true });
      return text + decoder.decode();
    });
    add(`utf-16le ${at}`, () => new TextDecoder('utf-16le').decode(input));
    add(`utf-16le fatal ${at}`, () => new TextDecoder('utf-16le', { fatal: true }).decode(input));
    add(`windows-1252 ${at}`, () => new TextDecoder('windows-1252').decode(input));
  });
  for (const text of ['', 'a', '€', '😀', '\ud800', '\udc00\ud800', 'a\u0000b', '\ufeff']) {
    add(`encode ${JSON.stringify(text)}`, () => new TextEncoder().encode(text));
    add(`encodeInto ${JSON.stringify(text)}`, () => { const target = new Uint8Array(2); return [new TextEncoder().encodeInto(text, target), target]; });
  }
  add('encode nothing', () => new TextEncoder().encode());
  add('encode undefined', () => new TextEncoder().encode(undefined));
  for (const label of ['utf8', ' UTF-8 ', 'latin1', 'ascii', 'utf-16', 'ucs-2', 'iso-8859-1', 'nonsense', '']) add(`label ${label}`, () => new TextDecoder(label).encoding);
  for (const text of ['', 'a', 'ab', 'abc', '\u00ff\u0000', '€']) add(`btoa ${JSON.stringify(text)}`, () => btoa(text));
  for (const text of ['', 'YQ==', 'YQ', 'YWI=', ' Y W I = ', 'YQ=', 'Y', 'YQ===', 'Y*', 'YR==', '_-', null, undefined]) add(`atob ${JSON.stringify(text)}`, () => atob(text));
  for (const text of ['%', '%4', '%zz', '%e2%82%ac', '%ff', '%F0%9F%98%80', '%00', '+']) add(`decodeURIComponent ${text}`, () => decodeURIComponent(text));
  for (const text of ['a b&c=d', '€😀', '\ud800', "!'()*~"]) add(`encodeURIComponent ${JSON.stringify(text)}`, () => encodeURIComponent(text));
}
