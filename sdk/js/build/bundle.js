// Bundles the author's modules into one file, with imports of the host's interfaces.
import { isAbsolute, resolve } from 'node:path';
import { build } from 'esbuild';

/** The host's interfaces, which stay imports. Everything else is bundled. */
const HOST = ['toril:*', 'wasi:*'];

/** Bundles a plugin. Returns the code and the interfaces that it imports. */
export async function bundle(entry) {
  const path = isAbsolute(entry) ? entry : resolve(entry);
  const result = await build({
    stdin: { contents: wrapper(path), resolveDir: process.cwd(), sourcefile: 'toril-plugin.js' },
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    // Function names stay unchanged, for the stacks in a job's log.
    keepNames: true,
    conditions: ['toril-component', 'import', 'default'],
    external: HOST,
    plugins: [ownPackage],
    logLevel: 'silent',
  });
  const [output] = Object.values(result.metafile.outputs);
  const interfaces = output.imports.filter((used) => used.external).map((used) => used.path);
  return { code: result.outputFiles[0].text, interfaces: [...new Set(interfaces)].sort(), warnings: result.warnings };
}

const wrapper = (path) => `
import * as plugin from ${JSON.stringify(path)};
import { adapt } from '@toril/plugin/adapter';
export const handler = adapt(plugin);
`;

/**
 * Resolves `@toril/plugin` to this package, wherever the plugin's folder is. So both always have the same version, and a
 * plugin without its own `node_modules` can be built.
 */
const ownPackage = {
  name: 'own-package',
  setup(build) {
    build.onResolve({ filter: /^@toril\/plugin(\/adapter)?$/ }, ({ path }) => ({
      path: new URL(path.endsWith('/adapter') ? '../src/adapter.js' : '../src/index.js', import.meta.url).pathname,
      sideEffects: false,
    }));
  },
};
