#!/usr/bin/env node
// Builds a component from a plugin's source.
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

const USAGE = `usage: toril-plugin-build [SOURCE] [-o OUTPUT]

SOURCE   the plugin's module; the default is src/plugin.ts
OUTPUT   the component, dist/FOLDER.wasm if left out, FOLDER being the name of the current folder
`;

function argumentsOf() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { output: { type: 'string', short: 'o' }, help: { type: 'boolean', short: 'h' } },
    });
    if (positionals.length > 1) throw new Error(`expected one source, got ${positionals.length}`);
    const source = positionals[0] ?? 'src/plugin.ts';
    if (!values.help && !existsSync(source)) throw new Error(`${source} does not exist`);
    return { ...values, source };
  } catch (error) {
    process.stderr.write(`error: ${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

const { help, source, output = `dist/${basename(process.cwd())}.wasm` } = argumentsOf();
if (help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
try {
  const { buildPlugin } = await import('../build/component.js');
  const { bytes, interfaces, warnings } = await buildPlugin(source, output);
  for (const { text, location } of warnings) console.error(`warning: ${location?.file ?? source}: ${text}`);
  console.log(`${output}: ${(bytes / 1e6).toFixed(1)} MB, uses ${interfaces.join(', ')}`);
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exit(1);
}
