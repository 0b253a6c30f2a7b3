// fetch: sends requests through the host, follows redirects, and stops when the signal aborts.
import { usv } from 'toril:runtime/core';
import { asDataResponse } from './data-url.js';
import { fetchFailed } from './errors.js';
import { copyOf } from './headers.js';
import { Request, describe, takeRequest, urlOf } from './request.js';
import { receivedResponse } from './response.js';
import { decoded } from './content-encoding.js';
import { ReceivedBody, send } from './transport.js';

const MAX_REDIRECTS = 20;
const REDIRECT = [301, 302, 303, 307, 308];
const WITHOUT_BODY = new Set([101, 103, 204, 205, 304]);
const OF_EVERY_REQUEST = ['accept', '*/*', 'user-agent', 'toril', 'accept-encoding', 'gzip, deflate'];
// Not for another origin.
const CREDENTIALS = ['authorization', 'proxy-authorization', 'cookie', 'host'];
const OF_THE_BODY = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length'];

export function fetch(input, init = undefined) {
  try {
    if (arguments.length === 0) throw new TypeError("Failed to execute 'fetch': 1 argument required, but only 0 present.");
    const request = requestOf(input, init);
    request.signal?.throwIfAborted();
    if (request.url.startsWith('data:')) return Promise.resolve(asDataResponse(request.url));
    return new Promise((resolve, reject) => follow(request, 0, resolve, reject));
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * What is sent: `{ method, url, headers, body, redirect, signal }`. `headers` is a map that is not the script's, or the
 * list of those that every request has. `fetch(url)` has a way of its own here, because most time goes into making objects.
 */
function requestOf(input, init) {
  if (init === undefined && !(input instanceof Request)) {
    return { method: 'GET', url: urlOf(usv(input)), headers: OF_EVERY_REQUEST, body: null, redirect: 'follow', signal: undefined };
  }
  const { url, method, headers, signal, options, body } = describedOf(input, init);
  return { method, url, headers: withDefaults(copyOf(headers)), body, redirect: options.redirect, signal };
}

function describedOf(input, init) {
  if (!(input instanceof Request)) return describe(input, init);
  const request = init === undefined || init === null ? input : new Request(input, init);
  return takeRequest(request);
}

function withDefaults(headers) {
  for (let index = 0; index < OF_EVERY_REQUEST.length; index += 2) {
    const name = OF_EVERY_REQUEST[index];
    if (!headers.has(name)) headers.set(name, OF_EVERY_REQUEST[index + 1]);
  }
  return headers;
}

function follow(request, redirects, resolve, reject) {
  if (!request.url.startsWith('http:') && !request.url.startsWith('https:')) {
    reject(fetchFailed(new Error('unknown scheme')));
    return;
  }
  send(request, (answer) => {
    try {
      const body = new ReceivedBody(answer.id, request.signal);
      if (answer.location === undefined || request.redirect === 'manual' || !REDIRECT.includes(answer.status)) {
        const isEmpty = request.method === 'HEAD' || WITHOUT_BODY.has(answer.status);
        if (isEmpty) body.cancel();
        const source = isEmpty ? null : answer.encoding === undefined ? body : decoded(body, answer.encoding);
        resolve(receivedResponse(answer, request.url, redirects > 0, source));
        return isEmpty ? undefined : body;
      }
      body.cancel();
      if (request.redirect === 'error') throw fetchFailed(new Error('unexpected redirect'));
      if (redirects === MAX_REDIRECTS) throw fetchFailed(new Error('redirect count exceeded'));
      redirectTo(request, answer.status, answer.location);
      follow(request, redirects + 1, resolve, reject);
    } catch (error) {
      reject(error);
    }
    return undefined;
  }, reject);
}

/** Changes the request to what the redirect asks for. */
function redirectTo(request, status, location) {
  const last = new URL(request.url);
  let next;
  try {
    next = new URL(location, last);
  } catch (error) {
    throw fetchFailed(error);
  }
  if (next.hash === '') next.hash = last.hash;
  const toGet = (status === 303 && request.method !== 'GET' && request.method !== 'HEAD') || ((status === 301 || status === 302) && request.method === 'POST');
  if (toGet) {
    request.method = 'GET';
    request.body = null;
    without(request, OF_THE_BODY);
  } else if (request.body !== null && request.body.bytes === undefined) {
    // A stream cannot be sent twice.
    throw fetchFailed(new Error('Response body object should not be disturbed or locked'));
  }
  if (next.origin !== last.origin) without(request, CREDENTIALS);
  request.url = next.href;
}

/** Leaves out headers. Those of every request always stay. */
function without(request, names) {
  if (request.headers !== OF_EVERY_REQUEST) for (const name of names) request.headers.delete(name);
}
