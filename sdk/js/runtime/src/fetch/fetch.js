// fetch: sends requests through the host, follows redirects, and stops when the signal aborts.
import { asDataResponse } from './data-url.js';
import { takeBody } from './body.js';
import { fetchFailed } from './errors.js';
import { Headers } from './headers.js';
import { Request, givenSignal } from './request.js';
import { receivedResponse } from './response.js';
import { decoded } from './content-encoding.js';
import { ReceivedBody, send } from './transport.js';

const MAX_REDIRECTS = 20;
const REDIRECT = [301, 302, 303, 307, 308];
const WITHOUT_BODY = [101, 103, 204, 205, 304];
// Of another origin's requests.
const CREDENTIALS = ['authorization', 'proxy-authorization', 'cookie', 'host'];
const OF_THE_BODY = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length'];

export async function fetch(input, init = undefined) {
  if (arguments.length === 0) throw new TypeError("Failed to execute 'fetch': 1 argument required, but only 0 present.");
  const request = new Request(input, init);
  const signal = givenSignal(request);
  signal?.throwIfAborted();
  if (request.url.startsWith('data:')) return asDataResponse(request.url);
  return follow({
    method: request.method,
    url: new URL(request.url),
    headers: withDefaults(request.headers),
    body: takeBody(request),
    redirect: request.redirect,
    signal,
  });
}

function withDefaults(given) {
  const headers = new Headers(given);
  if (!headers.has('accept')) headers.set('accept', '*/*');
  if (!headers.has('user-agent')) headers.set('user-agent', 'toril');
  if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'gzip, deflate');
  return headers;
}

async function follow(request) {
  for (let redirects = 0; ; redirects += 1) {
    if (request.url.protocol !== 'http:' && request.url.protocol !== 'https:') throw fetchFailed(new Error('unknown scheme'));
    const answer = await send(request);
    const location = REDIRECT.includes(answer.status) ? answer.headers.find(([name]) => name.toLowerCase() === 'location')?.[1] : undefined;
    const body = new ReceivedBody(answer.id, request.signal);
    if (location === undefined || request.redirect === 'manual') return respond(request, answer, body, redirects > 0);
    body.cancel();
    if (request.redirect === 'error') throw fetchFailed(new Error('unexpected redirect'));
    if (redirects === MAX_REDIRECTS) throw fetchFailed(new Error('redirect count exceeded'));
    redirectTo(request, answer.status, location);
  }
}

function respond(request, answer, body, redirected) {
  const url = request.url.href;
  if (request.method === 'HEAD' || WITHOUT_BODY.includes(answer.status)) {
    body.cancel();
    return receivedResponse(answer, { url, redirected, source: null });
  }
  return receivedResponse(answer, { url, redirected, source: decoded(body, answer.headers) });
}

/** Changes the request to what the redirect asks for. */
function redirectTo(request, status, location) {
  let next;
  try {
    next = new URL(location, request.url);
  } catch (error) {
    throw fetchFailed(error);
  }
  if (next.hash === '') next.hash = request.url.hash;
  const toGet = (status === 303 && request.method !== 'GET' && request.method !== 'HEAD') || ((status === 301 || status === 302) && request.method === 'POST');
  if (toGet) {
    request.method = 'GET';
    request.body = null;
    for (const name of OF_THE_BODY) request.headers.delete(name);
  } else if (request.body !== null && request.body.bytes === undefined) {
    // A stream cannot be sent twice.
    throw fetchFailed(new Error('Response body object should not be disturbed or locked'));
  }
  if (next.origin !== request.url.origin) for (const name of CREDENTIALS) request.headers.delete(name);
  request.url = next;
}
