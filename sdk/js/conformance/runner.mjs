#!/usr/bin/env node
// Runs one job with a bundle, for `run.mjs`: node runner.mjs BUNDLE. The environment variable TORIL names the program `toril`.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';

const [bundle] = process.argv.slice(2);
const toril = process.env.TORIL;
if (bundle === undefined || !toril) throw new Error('usage: TORIL=PROGRAM node runner.mjs BUNDLE');

function run(...args) {
  const { status, stdout, stderr } = spawnSync(toril, args, { cwd: dirname(bundle), encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status === null) throw new Error(`${toril} could not be run`);
  return { status, stdout, stderr };
}

const built = run('plugin', 'build', '--bundled', bundle, '--out', dirname(bundle));
if (built.status !== 0) throw new Error(built.stderr);
const { stdout, stderr } = run('plugin', 'test', bundle.replace(/js$/, 'wasm'), '--name', 'conformance', '--json', '--memory', '256MiB', '--timeout', '5m');
if (stdout === '') throw new Error(stderr);
process.stdout.write(stdout);
