import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { run } from '@toril/plugin/testing';
import * as plugin from '../src/plugin.ts';

const ownFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = ownFetch;
});

test('it fails in each way', async () => {
  const outcome = async (name: string, data: object = {}, attempt = 1) =>
    (await run(plugin, { name, data, attempt, addedAt: Date.now() })).outcome;
  assert.equal(await outcome('fail-times', { times: 1 }), 'retry');
  assert.equal(await outcome('fail-times', { times: 1 }, 2), 'completed');
  assert.equal(await outcome('fatal'), 'fatal');
  assert.equal(await outcome('defer', { ms: 60_000 }), 'defer');
  assert.equal(await outcome('defer', { ms: 0 }), 'completed');
  assert.equal(await outcome('rate-limit', { ms: 60_000 }), 'rate-limited');
  assert.equal(await outcome('await'), 'completed');
  const pending = { children: { counts: { unprocessed: 1 } } };
  assert.equal((await run(plugin, { name: 'await' }, pending)).outcome, 'await-children');
});

test('progress and log lines arrive in order', async () => {
  const ended = await run(plugin, { name: 'progress' });
  assert.deepEqual(ended.progress, [50, { step: 'two' }]);
  assert.deepEqual(ended.logs.map(({ level }) => level), ['info', 'warn', 'error']);
});

test('it requests a URL', async () => {
  globalThis.fetch = async (url) => new Response(`this is ${url}`, { status: 203 });
  const ended = await run(plugin, { name: 'fetch', data: { url: 'http://example.com/' } });
  assert.deepEqual(ended.result, { status: 203, body: 'this is http://example.com/' });
});

test('it reads settings, and counts', async () => {
  const setting = await run(plugin, { name: 'config', data: { key: 'color' } }, { config: { color: 'red' } });
  assert.deepEqual(setting.result, { value: 'red' });
  const counted = await run(plugin, { name: 'kv', data: { key: 'n' } }, { kv: { n: '41' } });
  assert.deepEqual(counted.result, { value: 42 });
});

test('the result of the first step is saved for the next attempt', async () => {
  const first = await run(plugin, { name: 'checkpoint', data: { a: 1 } });
  assert.equal(first.outcome, 'retry');
  assert.deepEqual(first.data, { a: 1, first: 'done on attempt 1' });
  const second = await run(plugin, { name: 'checkpoint', data: first.data, attempt: 2 });
  assert.deepEqual(second.result, { first: 'done on attempt 1', second: 'done on attempt 2' });
});

test('it ends when it is cancelled', async () => {
  const ended = await run(plugin, { name: 'sleep-until-cancelled' }, { cancelled: { reason: 'enough' } });
  assert.deepEqual(ended.result, { cancelled: true, reason: 'enough' });
});

test('it adds a child, waits for it, and returns its result', async () => {
  const first = await run(plugin, { name: 'children' });
  assert.equal(first.outcome, 'await-children');
  assert.equal(first.added[0]?.id, 'child-of-1');
  const values = [{ child: { queue: 'test', id: 'child-of-1' }, value: 'of age' }];
  const second = await run(plugin, { name: 'children' }, { children: { values, counts: { processed: 1 } } });
  assert.deepEqual(second.result, { children: ['of age'] });
});
