// Bundles each part of the runtime into one module, `OUT/PART.js`: node build.mjs OUT
// A part imports others as `toril:runtime/PART`, and the engine's functions as `toril:engine/native`.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { localeData } from './locale-data/plugin.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const sourceOf = (part) => join(here, 'src', part, 'main.js');

/** Part -> `{ names, needs, always }`: the words of a bundle that ask for it, and the parts that it imports. */
export const parts = JSON.parse(await readFile(join(here, 'parts.json'), 'utf8'));

export const options = {
  bundle: true,
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  mainFields: ['module', 'browser', 'main'],
  conditions: ['import', 'browser'],
  minifyWhitespace: true,
  minifySyntax: true,
  // Names are part of stacks and of what `inspect` shows.
  minifyIdentifiers: false,
  legalComments: 'none',
  logLevel: 'warning',
};

/** Finds parts in the sources, for a bundle that has several of them. */
export const resolveParts = {
  name: 'toril-runtime',
  setup: ({ onResolve }) => onResolve({ filter: /^toril:runtime\// }, ({ path }) => ({ path: sourceOf(path.slice('toril:runtime/'.length)) })),
};

export async function buildRuntime(outdir) {
  const entryPoints = Object.fromEntries(Object.keys(parts).map((part) => [part, sourceOf(part)]));
  await build({ ...options, entryPoints, outdir, external: ['toril:*'], plugins: [localeData] });
}

/** All parts as one module, for the tests. */
export async function buildWhole(outfile) {
  const contents = Object.keys(parts).map((part) => `import 'toril:runtime/${part}';`).join('\n');
  await build({ ...options, stdin: { contents, resolveDir: here }, outfile, external: ['toril:engine/*'], plugins: [resolveParts, localeData] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [out, whole] = process.argv.slice(2);
  if (out === undefined) throw new Error('usage: node build.mjs OUT_FOLDER | node build.mjs --whole OUT.js');
  if (out === '--whole') await buildWhole(whole);
  else await buildRuntime(out);
}
