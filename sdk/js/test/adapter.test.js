import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kv } from '@toril/plugin';
import { adapt } from '@toril/plugin/adapter';
import { run } from '@toril/plugin/testing';

test('a job goes to the handler of its name, and one without handler is fatal', async () => {
  const plugin = { jobs: { sum: { handle: ({ data }) => data[0] + data[1] } } };
  assert.equal((await run(plugin, { name: 'sum', data: [1, 2] })).result, 3);
  const ended = await run(plugin, { name: 'product' });
  assert.equal(ended.outcome, 'fatal');
  assert.match(ended.message, /`product`/);
});

test('the job has the types of JavaScript', async () => {
  const parent = { queue: 'other', id: '7' };
  let seen;
  await run({ handle: (job) => void (seen = job) }, { id: '9', data: { a: 1 }, attempt: 2, maxAttempts: 3, addedAt: 5, parent });
  assert.deepEqual(seen, {
    id: '9', queue: 'test', name: 'test', data: { a: 1 }, attempt: 2, maxAttempts: 3, addedAt: new Date(5), parent,
  });
});

test('no result is null, and one that JSON cannot hold is fatal', async () => {
  assert.equal((await run({ handle: () => {} })).result, null);
  assert.equal((await run({ handle: () => 1n })).outcome, 'fatal');
  assert.equal((await run({ handle: () => () => {} })).outcome, 'fatal');
});

test('only an unexpected error leaves its stack in the log', async () => {
  const ended = await run({ handle: () => null.property });
  assert.equal(ended.outcome, 'retry');
  assert.match(ended.logs[0].message, /TypeError.*\n.*at /);
});

test('a plugin is described with its schemas', () => {
  const jobs = { sum: { description: 'Adds.', schema: { type: 'array' }, handle() {} }, any: { handle() {} } };
  assert.deepEqual(adapt({ description: 'Calculates.', jobs }).describe(), {
    description: 'Calculates.',
    jobs: [
      { name: 'sum', description: 'Adds.', dataSchema: '{"type":"array"}', resultSchema: undefined },
      { name: 'any', description: '', dataSchema: undefined, resultSchema: undefined },
    ],
  });
});

test('a module that is not a plugin is rejected', () => {
  assert.throws(() => adapt({}), /either `handle`/);
  assert.throws(() => adapt({ handle() {}, jobs: {} }), /either `handle`/);
  assert.throws(() => adapt({ jobs: { sum: () => 1 } }), /`sum` needs a function/);
});

test('key-value data of a test has the format of Redis', async () => {
  const plugin = { handle: () => kv.get('total') };
  assert.equal((await run(plugin, {}, { kv: { total: '4' } })).result, 4);
  assert.equal((await run(plugin, {}, { kv: { total: new TextEncoder().encode('4') } })).result, 4);
  await assert.rejects(run(plugin, {}, { kv: { total: 4 } }), /give '4', its JSON text/);
});
