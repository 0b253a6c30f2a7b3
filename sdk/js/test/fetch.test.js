import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { withNamedFetch } from '../build/named-fetch.js';

/** The error of a plugin's `fetch`, in a component whose engine throws this one. */
async function thrown(error, input, init) {
  const engine = { URL, TypeError, fetch: () => Promise.reject(error) };
  engine.globalThis = engine;
  const handle = runInContext(withNamedFetch('(input, init) => fetch(input, init)'), createContext(engine));
  return handle(input, init).then(assert.fail, (reason) => reason);
}

const FAILED = new TypeError('NetworkError when attempting to fetch resource');

test('the error of a failed request has its origin, and nothing that could be a secret', async () => {
  for (const input of ['https://me:hunter2@a.example/path?token=x', new URL('https://a.example/'), new Request('https://a.example')]) {
    const error = await thrown(FAILED, input);
    assert.equal(error.message, 'fetch from https://a.example: NetworkError when attempting to fetch resource');
    assert.equal(error.cause, FAILED);
  }
});

test('an error of another kind, or of an invalid URL, stays unchanged', async () => {
  const aborted = new DOMException('aborted', 'AbortError');
  assert.equal(await thrown(aborted, 'https://a.example/'), aborted);
  assert.equal(await thrown(FAILED, '/nowhere'), FAILED);
});

test('a plugin without requests stays unchanged', () => {
  assert.equal(withNamedFetch('prefetched()'), 'prefetched()');
});
