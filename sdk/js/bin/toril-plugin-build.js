#!/usr/bin/env node
// Bundles a plugin's source, and builds a component from the bundle with `toril`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../build/bundle.js';

const USAGE = `usage: toril-plugin-build [SOURCE] [-o OUTPUT | --bundle OUTPUT | --check [--json]]

SOURCE    the plugin's module; the default is src/plugin.ts
-o        the component; the default is dist/FOLDER.wasm, where FOLDER is the name of the current folder. It is built by the
          program \`toril\` (on PATH, or in the environment variable TORIL)
--bundle  only bundle the source and its packages into this file, with its source map beside it, for \`toril plugin build --bundled\`
--check   only list what of a processor of BullMQ works, what it needs in queues.toml, and what does not work
`;

function argumentsOf() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        output: { type: 'string', short: 'o' },
        bundle: { type: 'string' },
        check: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (positionals.length > 1) throw new Error(`expected one source, got ${positionals.length}`);
    const chosen = [values.output, values.bundle, values.check].filter(Boolean);
    if (chosen.length > 1) throw new Error('choose one of -o, --bundle and --check');
    const source = positionals[0] ?? 'src/plugin.ts';
    if (!values.help && !existsSync(source)) throw new Error(`${source} does not exist`);
    return { ...values, source };
  } catch (error) {
    process.stderr.write(`error: ${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** Bundles the source into a file, and prints the bundler's warnings. */
async function writeBundle(source, file) {
  const { code, map, warnings } = await bundle(source);
  for (const { text, location } of warnings) console.error(`warning: ${location?.file ?? source}: ${text}`);
  await writeFile(file, code);
  await writeFile(`${file}.map`, map);
}

/** Bundles, and lets `toril` build the component. */
async function writeComponent(source, output) {
  const folder = await mkdtemp(join(tmpdir(), 'toril-plugin-'));
  try {
    const file = join(folder, `${basename(output, '.wasm')}.js`);
    await writeBundle(source, file);
    const toril = process.env.TORIL || 'toril';
    const built = spawnSync(toril, ['plugin', 'build', '--bundled', file, '--out', dirname(resolve(output))], { stdio: 'inherit' });
    if (built.error) throw new Error(`\`${toril}\` cannot be started (${built.error.code}): put it on PATH, or name it in TORIL`);
    if (built.status !== 0) process.exit(built.status ?? 1);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Prints what a processor needs. The exit code is 1 if something in it does not work. */
async function writeCheck(source, json) {
  const { check, describe } = await import('../build/check.js');
  const report = await check(source);
  process.stdout.write(`${json ? JSON.stringify(report) : describe(source, report)}\n`);
  if (report.fails.length > 0) process.exitCode = 1;
}

const { help, source, output, bundle: bundled, check, json } = argumentsOf();
if (help) {
  process.stdout.write(USAGE);
} else {
  try {
    if (check) await writeCheck(source, json);
    else if (bundled) await writeBundle(source, bundled);
    else await writeComponent(source, output ?? `dist/${basename(process.cwd())}.wasm`);
  } catch (error) {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  }
}
