// An esbuild plugin: resolves Node's modules (`node:NAME` and `NAME`) to the files of `../node`, and makes Node's global
// variables available. Only what a plugin uses becomes part of its bundle.
import { readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../node/', import.meta.url));

/** The file of each module of Node: `fs/promises` is `node/fs/promises.cjs`. The folder `lib` has no modules. */
const FILES = new Map(
  readdirSync(FOLDER, { recursive: true })
    .map((file) => file.split(sep).join('/'))
    .filter((file) => /\.c?js$/.test(file) && !file.startsWith('lib/') && file !== 'globals.js')
    .map((file) => [file.replace(/\.c?js$/, ''), join(FOLDER, file)]),
);

/** Other names, and packages that do what the engine does itself. */
const ALIASES = {
  'abort-controller': join(FOLDER, 'lib/abort-controller.cjs'),
  'path/posix': FILES.get('path'),
  'path/win32': FILES.get('path'),
  sys: FILES.get('util'),
  undici: join(FOLDER, 'lib/undici.js'),
};

/** Modules that need connections, and a size of the engine that has them. */
const NO_SOCKETS = new Map(['net', 'tls', 'dns'].map((name) => [name, join(FOLDER, `lib/no-sockets/${name}.cjs`)]));
/**
 * Packages that use these modules only for agents, proxies and HTTP/2, which have no effect here: the host makes the
 * connections of requests. With other modules, their plugins would get a larger engine for nothing.
 */
const OF_REQUESTS = new RegExp(
  `[\\\\/]node_modules[\\\\/](${[
    ...['agent-base', 'http-proxy-agent', 'https-proxy-agent', 'pac-proxy-agent', 'proxy-agent', 'socks-proxy-agent'],
    ...['cacheable-lookup', 'got', 'http2-wrapper', 'resolve-alpn', 'socks', 'tunnel', 'tunnel-agent'],
  ].join('|')})[\\\\/]`,
);

/** What `require` of a module here returns is its default export, and not its namespace: `require('events')` is a class. */
const REQUIRED = 'node-required';

/** The npm package `assert`. */
const ASSERT = /[\\/]node_modules[\\/]assert[\\/]build[\\/]/;

/** Options for esbuild that make Node's global variables available. */
export const nodeGlobals = {
  inject: [join(FOLDER, 'globals.js')],
  define: {
    global: 'globalThis',
    // Packages choose their code by it, and the rest is left out of the bundle.
    'process.env.NODE_ENV': '"production"',
    // Free names are injected, members of the global object are not.
    'globalThis.Buffer': 'Buffer',
    'globalThis.process': 'process',
    'global.Buffer': 'Buffer',
    'global.process': 'process',
    __dirname: '"/"',
    __filename: '"/plugin.js"',
    'import.meta.url': '"file:///plugin.js"',
    'import.meta.dirname': '"/"',
    'import.meta.filename': '"/plugin.js"',
  },
};

export const nodeModules = {
  name: 'node-modules',
  setup(build) {
    const names = [...FILES.keys(), ...Object.keys(ALIASES)].join('|').replaceAll('.', '\\.');
    // Some packages add a slash to get the npm package of the same name. The module here serves them as well.
    build.onResolve({ filter: new RegExp(`^(node:)?(${names})/?$`) }, ({ path, importer, kind }) => {
      // The files here import the npm packages that they are made of by their plain names.
      if (importer.startsWith(FOLDER) && !path.startsWith('node:')) return undefined;
      // What `util` takes from this package must not depend on `util`.
      if (path === 'util/' && ASSERT.test(importer)) return { path: join(FOLDER, 'lib/util-for-assert.js') };
      const name = path.replace(/^node:|\/$/g, '');
      const withoutSockets = OF_REQUESTS.test(importer) ? NO_SOCKETS.get(name) : undefined;
      const file = withoutSockets ?? ALIASES[name] ?? FILES.get(name);
      return {
        path: file,
        sideEffects: false,
        namespace: kind === 'require-call' && file.endsWith('.js') ? REQUIRED : 'file',
      };
    });
    build.onLoad({ filter: /.*/, namespace: REQUIRED }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)}).default;`,
      resolveDir: FOLDER,
      loader: 'js',
    }));
    build.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { errors: [{ text: `${path} is not available in a plugin` }] } : undefined,
    );
  },
};
