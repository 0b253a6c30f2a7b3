// Responses of `data:` URLs, which need no request.
import native from 'toril:engine/native';
import { fetchFailed } from './errors.js';
import { Response } from './response.js';

export function asDataResponse(url) {
  const found = /^data:([^,]*?)(;\s*base64)?,([^#]*)/i.exec(url);
  if (found === null) throw fetchFailed(new Error('invalid data: URL'));
  const bytes = percentDecode(found[3]);
  const type = found[1].startsWith(';') ? `text/plain${found[1]}` : found[1] || 'text/plain;charset=US-ASCII';
  try {
    const body = found[2] === undefined ? bytes : native.latin1Encode(atob(native.latin1Decode(bytes)));
    return new Response(body, { headers: { 'content-type': type } });
  } catch (error) {
    throw fetchFailed(error);
  }
}

function percentDecode(text) {
  return native.latin1Encode(text.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))));
}
