// Runs the runtime in a realm of its own, which has the language and nothing else, as the engine has.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { build } from 'esbuild';
import { createNative } from './native.mjs';

const runtime = join(dirname(fileURLToPath(import.meta.url)), '..');
const parts = Object.keys(JSON.parse(await readFile(join(runtime, 'parts.json'), 'utf8')));

/** Finds the parts in the sources, and the engine's functions in a global. */
const resolve = {
  name: 'toril',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^toril:runtime\// }, ({ path }) => ({ path: join(runtime, 'src', path.slice('toril:runtime/'.length), 'main.js') }));
    onResolve({ filter: /^toril:engine\/native$/ }, () => ({ path: 'native', namespace: 'toril' }));
    onLoad({ filter: /.*/, namespace: 'toril' }, () => ({ contents: 'export default globalThis.native;' }));
  },
};

let bundled;

async function source() {
  bundled ??= build({
    stdin: { contents: parts.map((part) => `import 'toril:runtime/${part}';`).join('\n'), resolveDir: runtime },
    bundle: true,
    format: 'iife',
    write: false,
    platform: 'neutral',
    mainFields: ['module', 'browser', 'main'],
    conditions: ['import', 'browser'],
    plugins: [resolve],
  });
  return (await bundled).outputFiles[0].text;
}

/** `run(code)` evaluates an async function's body in the realm. */
export async function createRealm(change = {}) {
  const logs = [];
  const context = vm.createContext({ DOMException, atob, btoa, queueMicrotask });
  const native = { ...createNative((level, text) => logs.push([level, text]), vm.runInContext('Uint8Array', context)), ...change };
  context.native = native;
  // QuickJS has it, Node 20 does not.
  context.transfer = (buffer) => structuredClone(buffer, { transfer: [buffer] });
  vm.runInContext('{ const { transfer } = globalThis; ArrayBuffer.prototype.transfer ??= function () { return transfer(this); }; }', context);
  vm.runInContext(await source(), context, { filename: 'runtime.js' });
  return { logs, native, run: (code) => vm.runInContext(`(async () => {${code}\n})()`, context) };
}
