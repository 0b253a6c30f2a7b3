// Writes what Toril embeds of this package: node build/embed.js FOLDER
//
// - `runtime.json`: the parts of `runtime/`, each with its code, the globals that ask for it, and the parts that it needs.
// - `sdk.js`: the SDK, its adapter and its `bullmq` as one module, for plugins that no bundler has seen.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildRuntime, parts } from '../runtime/build.mjs';

const [out] = process.argv.slice(2);
if (out === undefined) throw new Error('usage: node build/embed.js FOLDER');
await mkdir(out, { recursive: true });
await writeIfChanged(join(out, 'runtime.json'), JSON.stringify(await runtime()));
await writeIfChanged(join(out, 'sdk.js'), await sdk());

/** Leaves an equal file as it is: a newer one makes cargo build the host again. */
async function writeIfChanged(file, text) {
  const old = await readFile(file, 'utf8').catch(() => undefined);
  if (old !== text) await writeFile(file, text);
}

async function runtime() {
  const folder = await mkdtemp(join(tmpdir(), 'toril-runtime-'));
  try {
    await buildRuntime(folder);
    const withCode = Object.entries(parts).map(async ([name, part]) => [
      name,
      { ...part, code: await readFile(join(folder, `${name}.js`), 'utf8') },
    ]);
    return Object.fromEntries(await Promise.all(withCode));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function sdk() {
  const result = await build({
    stdin: {
      contents:
        "export * from './index.js';\nexport { adapt } from './adapter.js';\nexport * from '../bullmq/index.js';\n",
      resolveDir: fileURLToPath(new URL('../src', import.meta.url)),
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    conditions: ['toril-component', 'import', 'default'],
    external: ['toril:*', 'wasi:*'],
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'warning',
  });
  return result.outputFiles[0].text;
}
