// Bundles each part of the runtime into one module, `OUT/PART.js`: node build.mjs OUT
// A part imports others as `toril:runtime/PART`, and the engine's functions as `toril:engine/native`.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));

export const parts = JSON.parse(await readFile(join(here, 'parts.json'), 'utf8'));

export async function buildRuntime(outdir, { minify = true } = {}) {
  await build({
    entryPoints: Object.fromEntries(Object.keys(parts).map((part) => [part, join(here, 'src', part, 'main.js')])),
    outdir,
    bundle: true,
    format: 'esm',
    target: 'es2023',
    platform: 'neutral',
    mainFields: ['module', 'browser', 'main'],
    conditions: ['import', 'browser'],
    external: ['toril:*'],
    minify,
    // Names are part of stacks and of what `inspect` shows.
    keepNames: false,
    minifyIdentifiers: false,
    legalComments: 'none',
    logLevel: 'warning',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === undefined) throw new Error('usage: node build.mjs OUT');
  await buildRuntime(process.argv[2]);
}
