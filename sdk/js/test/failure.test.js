import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwaitChildren, Defer, Fatal, HostError, RateLimited, Requeue, Retry } from '@toril/plugin';
import { run } from '@toril/plugin/testing';

const ends = async (thrown) => {
  const { outcome, message, ms } = await run({ handle: () => { throw thrown; } });
  return [outcome, message ?? ms];
};

test('each failure ends the attempt in its own way', async () => {
  assert.deepEqual(await ends(new Error('no luck')), ['retry', 'no luck']);
  assert.deepEqual(await ends(new Retry('not yet')), ['retry', 'not yet']);
  assert.deepEqual(await ends(new Fatal('never')), ['fatal', 'never']);
  assert.deepEqual(await ends(new Defer(1500)), ['defer', 1500]);
  assert.deepEqual(await ends(new RateLimited(0.2)), ['rate-limited', 1]);
  assert.deepEqual(await ends(new Requeue()), ['requeue', undefined]);
  assert.deepEqual(await ends(new AwaitChildren()), ['await-children', undefined]);
});

test('the message of an error contains each of its causes once', async () => {
  const broken = new Error('the pipe broke');
  assert.deepEqual(await ends(new Error('reading the list', { cause: broken })), ['retry', 'reading the list: the pipe broke']);
  assert.deepEqual(await ends(new Error('failed: the pipe broke', { cause: broken })), ['retry', 'failed: the pipe broke']);
});

test('any value can be thrown', async () => {
  assert.deepEqual(await ends('just text'), ['retry', 'just text']);
  assert.deepEqual(await ends(undefined), ['retry', 'undefined was thrown']);
});

test('a denied call is fatal, and an unavailable host is not', async () => {
  assert.equal((await ends(new HostError('adding', 'denied', 'no')))[0], 'fatal');
  assert.equal((await ends(new HostError('adding', 'unavailable', 'away')))[0], 'retry');
});

test('a delay that is not a number is an error', () => {
  assert.throws(() => new Defer(Number.NaN), /Defer takes milliseconds/);
});
