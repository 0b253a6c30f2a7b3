// Builds a plugin for each package (`plugins`) and for Node's own modules (`modules`), runs it, and compares its result with
// that of the same file in Node.
//
//   node run.mjs TORIL [--only NAME,NAME] [--show]
//
// TORIL is the program `toril`. The exit code is 0 if all of it is as `table.json` says. Modules must all work.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { bundle } from '../../sdk/js/build/bundle.js';
import { startServer } from './server.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const typescript = fileURLToPath(new URL('../../sdk/js/build/typescript.js', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    show: { type: 'boolean' },
    out: { type: 'string', default: join(tmpdir(), 'toril-npm') },
  },
});
const [toril] = positionals;
if (!toril) throw new Error('usage: node run.mjs TORIL [--only NAME,NAME] [--show]');
const only = values.only?.split(',');

const table = JSON.parse(readFileSync(join(here, 'table.json'), 'utf8'));
mkdirSync(values.out, { recursive: true });
const server = await startServer();
/** The files of a folder, with a prefix before their names. */
const filesOf = (folder, prefix) =>
  readdirSync(join(here, folder))
    .sort()
    .map((file) => [prefix + file.replace(/\.[jt]s$/, ''), join(here, folder, file)]);
const queue = [...filesOf('modules', 'node:'), ...filesOf('plugins', '')].filter(
  ([name]) => !only || only.includes(name),
);
const rows = [];
// Two at a time, because most of each is the start of a process.
await Promise.all([worker(), worker()]);
server.stop();

async function worker() {
  for (let next = queue.shift(); next; next = queue.shift()) {
    const row = await test(...next);
    rows.push(row);
    const { name, version, outcome, bytes } = row;
    console.log(
      `${name.padEnd(20)} ${version.padEnd(10)} ${String(Math.round(bytes / 1024)).padStart(5)} KiB  ${outcome}`,
    );
  }
}

const packages = rows.filter(({ name }) => !name.startsWith('node:'));
console.log(`\n${packages.filter(({ outcome }) => outcome === 'works').length} of ${packages.length} packages work`);

const unexpected = rows.filter(({ name, outcome }) => (outcome === 'works') !== (table[name]?.works ?? true));
if (unexpected.length > 0) {
  console.log(`table.json says otherwise of: ${unexpected.map(({ name }) => name).join(', ')}`);
  process.exitCode = 1;
}

async function test(name, path) {
  const row = { name, version: table[name]?.version ?? '', bytes: 0 };
  const jobFor = (run) =>
    JSON.stringify({
      id: '1',
      queue: 'q',
      name: 'j',
      data: JSON.stringify({ url: server.url, run }),
      attempt: 1,
      maxAttempts: 1,
      addedAt: '0',
    });
  const expected = await run(process.execPath, [
    '--no-warnings',
    '--import',
    typescript,
    join(here, 'baseline.mjs'),
    path,
    jobFor('node'),
  ]);
  if (expected.error) return { ...row, outcome: `fails in Node: ${expected.error}` };
  let built;
  try {
    built = await bundle(path);
  } catch (error) {
    return {
      ...row,
      outcome: `does not build: ${firstLine(error.message.split('\n').slice(1).join(' ') || error.message)}`,
    };
  }
  const file = join(values.out, `${name.replace(':', '-')}.js`);
  writeFileSync(file, built.code);
  row.bytes = built.code.length;
  const actual = await runInEngine(file, 'toril');
  if (actual.error) return { ...row, outcome: `fails: ${values.show ? actual.error : firstLine(actual.error)}` };
  if (isDeepStrictEqual(actual.value, expected.value)) return { ...row, outcome: 'works' };
  return { ...row, outcome: `differs: ${difference(actual.value, expected.value)}` };
}

/** Builds a component from a bundle, and runs one job with `toril plugin test`. */
async function runInEngine(file, run) {
  const built = await output(toril, ['plugin', 'build', '--bundled', file, '--out', values.out, '--json'], values.out);
  if (built.code !== 0) return { error: built.stderr.trim() };
  const component = file.replace(/js$/, 'wasm');
  const data = JSON.stringify({ url: server.url, run });
  const limits = ['--memory', '256MiB', '--timeout', '60s'];
  const { stdout, stderr } = await output(
    toril,
    ['plugin', 'test', component, '--name', 'j', '--data', data, '--http', server.url, ...limits, '--json'],
    values.out,
  );
  const report = stdout.split('\n').find((line) => line.startsWith('{'));
  if (!report) return { error: stderr.trim() };
  const { outcome, result, failure, log } = JSON.parse(report);
  if (outcome === 'completed') return { value: result };
  const logged = log.filter(({ level }) => level === 'error').map(({ message }) => message);
  return { error: [failure?.message ?? outcome, ...logged].join('\n') };
}

/** Runs a program that prints `@@result JSON`. */
async function run(program, args) {
  const { stdout, stderr, code } = await output(program, args);
  const found = /@@result (.*)/.exec(stdout);
  return found ? JSON.parse(found[1]) : { error: errorIn(stderr) ?? `exit code ${code}` };
}

function output(program, args, cwd = here) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'])
      child[name].setEncoding('utf8').on('data', (chunk) => (text[name] += chunk));
    const timer = setTimeout(() => child.kill('SIGKILL'), 90_000);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ ...text, code });
    });
  });
}

/** The line of an error in the output of a program. */
function errorIn(text) {
  return text.split('\n').find((line) => /Error\b/.test(line) && !/^\s/.test(line));
}

/** The first place at which two values differ. */
function difference(actual, expected, path = '') {
  const isTree = (value) => value !== null && typeof value === 'object';
  if (isTree(actual) && isTree(expected)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      if (!isDeepStrictEqual(actual[key], expected[key]))
        return difference(actual[key], expected[key], `${path}.${key}`);
    }
  }
  return `${path || 'the result'} is ${short(actual)}, in Node ${short(expected)}`;
}

function short(value) {
  return (JSON.stringify(value) ?? 'undefined').slice(0, values.show ? 4000 : 100);
}
function firstLine(text) {
  return text.split('\n')[0].slice(0, 160);
}
