// Runs the cases in Node and in the engine, and compares: node run.mjs RUNNER [NAME…]
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const MAX_OUTPUT = 64 * 1024 * 1024;

const [runner, ...only] = process.argv.slice(2);
if (runner === undefined) throw new Error('usage: node run.mjs RUNNER [NAME…]');
// The engine's dates are in UTC, as on a server.
process.env.TZ = 'UTC';

const files = (await readdir(join(here, 'cases'))).filter((name) => name.endsWith('.js')).sort();
const known = JSON.parse(await readFile(join(here, 'differences.json'), 'utf8'));

let failures = 0;
let same = 0;
const folder = await mkdtemp(join(tmpdir(), 'toril-conformance-'));
try {
  // `toril` finds it from the folder of a bundle.
  const { CACHE: cache } = process.env;
  if (cache) await writeFile(join(folder, 'queues.toml'), `[host]\ncache = ${JSON.stringify(cache)}\n`);
  for (const file of files) {
    const name = file.replace(/\.js$/, '');
    if (only.length > 0 && !only.includes(name)) continue;
    await compareFile(name).catch((error) => fail(`${name}: ${error.message}`));
  }
} finally {
  await rm(folder, { recursive: true });
}
for (const file of Object.keys(known)) if (!files.includes(`${file}.js`)) fail(`differences.json names ${file}, which has no cases`);
console.log(`${same} cases give the same text in Node and in the engine, ${Object.values(known).reduce((sum, cases) => sum + Object.keys(cases).length, 0)} known differences`);
if (failures > 0) process.exit(1);

function fail(message) {
  failures += 1;
  console.error(message);
}

async function compareFile(name) {
  const [inNode, inEngine] = await Promise.all([runInNode(name), runInEngine(name)]);
  const listed = known[name] ?? {};
  for (const label of new Set([...Object.keys(inNode), ...Object.keys(inEngine), ...Object.keys(listed)])) {
    const differs = inNode[label] !== inEngine[label];
    if (differs && listed[label] === undefined) fail(`${name}: ${label}\n  Node:   ${inNode[label]}\n  engine: ${inEngine[label]}`);
    else if (!differs && listed[label] !== undefined) fail(`${name}: ${label} is listed in differences.json, but no longer differs`);
    else if (!differs) same += 1;
  }
}

/** Bundles a file's cases. `formatter` is the module whose `format` console.log uses. */
async function bundle(name, wrapper, out, formatter) {
  await build({
    stdin: { contents: `import { run } from './run-cases.js';\nimport { cases } from './cases/${name}.js';\n${wrapper}`, resolveDir: here },
    outfile: join(folder, out),
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    external: ['node:*', 'toril:*'],
    plugins: [{ name: 'format', setup: ({ onResolve }) => onResolve({ filter: /^conformance:format$/ }, () => ({ path: formatter, external: true })) }],
    logLevel: 'warning',
  });
  return join(folder, out);
}

async function runInNode(name) {
  const path = await bundle(name, 'export const texts = () => run(cases);', `${name}.node.mjs`, 'node:util');
  return (await import(pathToFileURL(path))).texts();
}

async function runInEngine(name) {
  const wrapper = `export const handler = {
    describe: () => ({ description: '', jobs: [] }),
    handle: async () => JSON.stringify(await run(cases)),
  };`;
  const path = await bundle(name, wrapper, `${name}.engine.js`, 'toril:runtime/console');
  const { stdout, stderr } = await promisify(execFile)(runner, [path], { maxBuffer: MAX_OUTPUT }).catch((error) => error);
  let report;
  try {
    report = JSON.parse(stdout);
  } catch {
    throw new Error(`the runner printed no report: ${stderr}`);
  }
  if (report.outcome !== 'completed') throw new Error(JSON.stringify(report.failure));
  return report.result;
}
