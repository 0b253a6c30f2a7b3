// Bundles the author's modules into one file, with imports of the host's interfaces.
import { isAbsolute, resolve } from 'node:path';
import { build } from 'esbuild';
import { missingModules } from './missing-modules.js';
import { nodeGlobals, nodeModules } from './node-modules.js';
import { pgModules } from './pg-modules.js';
import { withoutRedundantNames } from './redundant-names.js';
import { shortSources } from './sources.js';

/** The host's interfaces, which stay imports. Everything else is bundled. */
const HOST = ['toril:*', 'wasi:*'];

/** Which of a package's variants is used. `import` and `require` are chosen by how the code imports. */
const CONDITIONS = ['toril-component', 'node', 'module'];

/**
 * Bundles a plugin. Returns the code, its source map, and the interfaces that it imports.
 *
 * @param {string} entry the author's module: TypeScript or JavaScript, an ES module or CommonJS
 * @param {{minify?: boolean}} [options] `minify` shortens the code. Names in stacks stay, through the source map
 */
export async function bundle(entry, { minify = false } = {}) {
  const path = isAbsolute(entry) ? entry : resolve(entry);
  const options = buildOptions(path, minify);
  const first = await build(options);
  const result = hasAsyncLocalStorage(first.metafile) ? await buildWithContexts(options, first) : first;
  const [, output] = Object.entries(result.metafile.outputs).find(([name]) => !name.endsWith('.map'));
  const isInterface = ({ external, path: name }) => external && !/^toril:(engine|runtime)\//.test(name);
  const interfaces = output.imports.filter(isInterface).map((used) => used.path);
  const text = (suffix) => result.outputFiles.find(({ path: name }) => name.endsWith(suffix)).text;
  return {
    code: withoutRedundantNames(text('.js')),
    map: shortSources(text('.map')),
    interfaces: [...new Set(interfaces)].sort(),
    warnings: result.warnings,
    metafile: result.metafile,
  };
}

/** Builds again so that a context survives `await`. An `await` at the top level of a module cannot be rewritten. */
async function buildWithContexts(options, first) {
  try {
    return await build({ ...options, supported: AWAIT_AS_THEN });
  } catch (error) {
    const found = error.errors?.find(({ text }) => text.startsWith('Top-level await'));
    if (!found) throw error;
    const text = 'AsyncLocalStorage loses its store at each `await`, because a module has an `await` at its top level';
    return { ...first, warnings: [...first.warnings, { text, location: found.location }] };
  }
}

const buildOptions = (path, minify) => ({
  stdin: { contents: wrapper(path), resolveDir: process.cwd(), sourcefile: 'toril-plugin.js' },
  bundle: true,
  write: false,
  metafile: true,
  outfile: 'plugin.js',
  format: 'esm',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: 'es2022',
  // Function names stay unchanged, for the stacks in a job's log.
  keepNames: true,
  minifyWhitespace: minify,
  minifyIdentifiers: minify,
  sourcemap: 'external',
  sourcesContent: false,
  conditions: CONDITIONS,
  external: HOST,
  inject: nodeGlobals.inject,
  define: nodeGlobals.define,
  plugins: [ownPackage, pgModules, nodeModules, missingModules],
  loader: { '.cjs': 'js', '.txt': 'text', '.html': 'text', '.sql': 'text', '.graphql': 'text' },
  logLevel: 'silent',
});

/**
 * The engine's own `await` of a promise does not call its `then`, where a context is kept. So asynchronous functions
 * become generators. They are slower, and only bundles with an AsyncLocalStorage need it.
 */
const AWAIT_AS_THEN = { 'async-await': false, 'async-generator': false, 'for-await': false };

const hasAsyncLocalStorage = ({ outputs }) =>
  Object.values(outputs).some(({ inputs }) =>
    Object.entries(inputs).some(([file, { bytesInOutput }]) => file.endsWith('node/lib/async-local-storage.js') && bytesInOutput > 0),
  );

const wrapper = (path) => `
import * as plugin from ${JSON.stringify(path)};
import { adapt } from '@toril/plugin/adapter';
export const handler = adapt(plugin);
`;

/** The modules of this package that a plugin imports. `bullmq` is what a plugin has instead of BullMQ's client. */
const OWN = {
  '@toril/plugin': '../src/index.js',
  '@toril/plugin/adapter': '../src/adapter.js',
  bullmq: '../bullmq/index.js',
};

/**
 * Resolves `@toril/plugin` to this package, wherever the plugin's folder is. So both always have the same version, and a
 * plugin without its own `node_modules` can be built.
 */
const ownPackage = {
  name: 'own-package',
  setup(build) {
    build.onResolve({ filter: /^(@toril\/plugin(\/adapter)?|bullmq)$/ }, ({ path }) => ({
      path: new URL(OWN[path], import.meta.url).pathname,
      sideEffects: false,
    }));
  },
};
