import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '@toril/plugin/testing';
import * as plugin from '../src/plugin.ts';

test('someone is greeted by name', async () => {
  const ended = await run(plugin, { name: 'greet', data: { name: 'world' } });
  assert.deepEqual(ended.result, { text: 'Hello, world!' });
  assert.equal(ended.logs[0]?.message, 'greeting someone');
});

test('an empty name fails for good', async () => {
  const ended = await run(plugin, { name: 'greet', data: { name: ' ' } });
  assert.equal(ended.outcome, 'fatal');
});
