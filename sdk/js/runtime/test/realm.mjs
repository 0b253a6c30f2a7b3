// Runs the runtime in a realm of its own, which has the language and nothing else, as the engine has.
import vm from 'node:vm';
import { build } from 'esbuild';
import { options, parts, resolveParts } from '../build.mjs';
import { localeData } from '../locale-data/plugin.mjs';
import { createNative } from './native.mjs';

/** Finds the engine's functions in a global. */
const resolveNative = {
  name: 'native',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^toril:engine\/native$/ }, () => ({ path: 'native', namespace: 'native' }));
    // Imports that only choose an engine.
    onResolve({ filter: /^toril:engine\/(web|full)$/ }, () => ({ path: 'choice', namespace: 'native' }));
    onLoad({ filter: /.*/, namespace: 'native' }, ({ path }) => ({ contents: path === 'native' ? 'export default globalThis.native;' : '' }));
  },
};

let bundled;

async function source() {
  bundled ??= build({
    ...options,
    stdin: { contents: Object.keys(parts).map((part) => `import 'toril:runtime/${part}';`).join('\n'), resolveDir: import.meta.dirname },
    format: 'iife',
    write: false,
    plugins: [resolveParts, resolveNative, localeData],
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
