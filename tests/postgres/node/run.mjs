// Runs each case in Node, with the packages themselves, and in a plugin, and compares the results.
//
//   node run.mjs TORIL URL [--only NAME,NAME] [--show]
//
// TORIL is the program `toril`, URL the connection string of a PostgreSQL server. The exit code is 0 if all results are the same.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { bundle } from '../../../sdk/js/build/bundle.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const typescript = fileURLToPath(new URL('../../../sdk/js/build/typescript.js', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    show: { type: 'boolean' },
    out: { type: 'string', default: join(tmpdir(), 'toril-postgres-clients') },
  },
});
const [toril, url] = positionals;
if (!url) throw new Error('usage: node run.mjs TORIL URL [--only NAME,NAME] [--show]');
mkdirSync(values.out, { recursive: true });

const { hostname, port, username, password, pathname } = new URL(url);
const OF_NODE = {
  PGHOST: hostname,
  PGPORT: port || '5432',
  PGUSER: decodeURIComponent(username),
  PGPASSWORD: decodeURIComponent(password),
  PGDATABASE: decodeURIComponent(pathname.slice(1)),
  // A plugin is in UTC.
  TZ: 'UTC',
};

const only = values.only?.split(',');
const names = readdirSync(join(here, 'cases')).map((file) => file.replace(/\.ts$/, ''));
for (const name of names.sort().filter((name) => !only || only.includes(name))) {
  const outcome = await compare(name);
  console.log(`${name.padEnd(14)} ${outcome}`);
  if (outcome !== 'the same') process.exitCode = 1;
}

async function compare(name) {
  const source = join(here, 'cases', `${name}.ts`);
  const expected = await inNode(source);
  if (expected.error) return `fails in Node: ${expected.error}`;
  const actual = await inPlugin(name, source);
  if (actual.error) return `fails in a plugin: ${actual.error}`;
  return isDeepStrictEqual(actual.value, expected.value) ? 'the same' : difference(actual.value, expected.value);
}

async function inNode(source) {
  const { stdout, stderr } = await output(process.execPath, ['--no-warnings', '--import', typescript, join(here, 'baseline.mjs'), source], OF_NODE);
  const found = /@@result (.*)/.exec(stdout);
  return found ? { value: JSON.parse(found[1]) } : { error: stderr };
}

async function inPlugin(name, source) {
  const file = join(values.out, `${name}.js`);
  const { code, map } = await bundle(source);
  writeFileSync(file, code);
  writeFileSync(`${file}.map`, map);
  const built = await output(toril, ['plugin', 'build', '--bundled', file, '--out', values.out, '--json']);
  if (built.code !== 0) return { error: built.stderr };
  const options = ['--name', 'j', '--data', 'null', '--postgres', 'main=env:DATABASE_URL', '--timeout', '60s', '--json'];
  const component = join(values.out, `${name}.wasm`);
  const { stdout, stderr } = await output(toril, ['plugin', 'test', component, ...options], { DATABASE_URL: url });
  const report = stdout.split('\n').find((line) => line.startsWith('{'));
  if (!report) return { error: stderr };
  const { outcome, result, failure, log } = JSON.parse(report);
  if (outcome === 'completed') return { value: result };
  return { error: [failure?.message ?? outcome, ...log.map(({ message }) => message)].join('\n') };
}

function output(program, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: values.out, env: { ...process.env, ...env } });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (chunk) => (text[name] += chunk));
    child.on('close', (code) => resolve({ ...text, code }));
  });
}

/** The first place at which two values differ. */
function difference(actual, expected, path = '') {
  const isTree = (value) => value !== null && typeof value === 'object';
  if (isTree(actual) && isTree(expected)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      if (!isDeepStrictEqual(actual[key], expected[key])) return difference(actual[key], expected[key], `${path}.${key}`);
    }
  }
  return `${path || 'the result'} is ${short(actual)}, in Node ${short(expected)}`;
}

function short(value) {
  return (JSON.stringify(value) ?? 'undefined').slice(0, values.show ? 4000 : 200);
}
