// `node:url`: Node's own code from the npm package `unenv`, and the engine's URL.
import * as legacy from 'unenv/node/url';

export const { URL, URLSearchParams } = globalThis;
export const {
  domainToASCII,
  domainToUnicode,
  fileURLToPath,
  format,
  parse,
  pathToFileURL,
  resolve,
  resolveObject,
  urlToHttpOptions,
  Url,
} = legacy;
const whole = {
  URL,
  URLSearchParams,
  Url,
  domainToASCII,
  domainToUnicode,
  fileURLToPath,
  format,
  parse,
  pathToFileURL,
  resolve,
  resolveObject,
  urlToHttpOptions,
};
export default whole;
