// `node:punycode`, from the npm package `unenv`.
import * as punycode from 'unenv/node/punycode';

export const { decode, encode, toASCII, toUnicode, ucs2 } = punycode;
export const version = '2.1.0';
const whole = { decode, encode, toASCII, toUnicode, ucs2, version };
export default whole;
