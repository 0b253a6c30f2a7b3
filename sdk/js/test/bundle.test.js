import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundle } from '../build/bundle.js';

async function interfaces(source) {
  const folder = await mkdtemp(join(tmpdir(), 'toril-bundle-'));
  try {
    await writeFile(join(folder, 'plugin.ts'), source);
    return (await bundle(join(folder, 'plugin.ts'))).interfaces;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const CONTEXT = 'toril:plugin/job-context@0.2.0';

test('a component imports only what the plugin uses', async () => {
  assert.deepEqual(await interfaces(`import { Fatal } from '@toril/plugin';
    export const handle = () => { throw new Fatal('no'); };`), [CONTEXT]);
  assert.deepEqual(await interfaces(`import { kv, config } from '@toril/plugin';
    export const handle = () => kv.get(config.require('key'));`),
    [CONTEXT, 'wasi:config/store@0.2.0-rc.1', 'wasi:keyvalue/store@0.2.0-draft']);
});
