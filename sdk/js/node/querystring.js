// `node:querystring`: Node's own code, from the npm package `unenv`.
import * as querystring from 'unenv/node/querystring';

export const { decode, encode, escape, parse, stringify, unescape, unescapeBuffer } = querystring;
const whole = { decode, encode, escape, parse, stringify, unescape, unescapeBuffer };
export default whole;
