// An esbuild plugin: `pg` in a plugin is the npm package `pg` of this SDK, over the host's connections. Its modules
// for sockets, passwords and the protocol are replaced by those of `../pg`. So there is one `pg`, whatever version of
// it a project has, and one list of type parsers.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const OWN = fileURLToPath(new URL('../pg/', import.meta.url));
const require = createRequire(import.meta.url);
const own = (name) => join(OWN, name);

/** The folders of the packages, with a separator at the end. */
const folderOf = (name) => dirname(require.resolve(`${name}/package.json`)) + sep;
const PG = folderOf('pg');
const POOL = dirname(require.resolve('pg-pool')) + sep;

/** What the packages import, and what they get. */
const OF_PACKAGES = {
  './client': own('client.cjs'),
  './connection': own('connection.cjs'),
  './connection-parameters': own('parameters.cjs'),
  './crypto/sasl': own('unavailable.cjs'),
  './crypto/utils': own('unavailable.cjs'),
  './native': own('native.cjs'),
  pgpass: own('unavailable.cjs'),
  util: own('util.cjs'),
  'util/types': own('util.cjs'),
};

/** What any other module imports, and what it gets. */
const PACKAGES = {
  pg: join(PG, 'lib/index.js'),
  'pg-pool': own('pool.cjs'),
  'pg-protocol': own('protocol.cjs'),
  'pg-types': require.resolve('pg-types'),
};

const PROCESS = `const process = require(${JSON.stringify(own('process.cjs'))});`;

export const pgModules = {
  name: 'pg-modules',
  setup(build) {
    build.onResolve({ filter: /^(\.\/[\w-/]+|pgpass|util|util\/types)$/ }, ({ path, importer }) => {
      const replaced = isOf(importer) || CURSOR.test(importer) ? OF_PACKAGES[path] : undefined;
      return replaced && { path: replaced };
    });
    build.onResolve({ filter: /^pg(-pool|-protocol|-types)?$/ }, ({ path, importer }) => {
      // The replacements are made of the packages.
      const isMeant = importer.startsWith(OWN) && path === 'pg-pool';
      return { path: isMeant ? require.resolve(path) : PACKAGES[path], sideEffects: false };
    });
    build.onResolve({ filter: /^pg-protocol\/dist\// }, ({ path, importer }) =>
      importer.startsWith(OWN) ? { path: require.resolve(path) } : undefined,
    );
    build.onResolve({ filter: /^pg\/lib\// }, ({ path, importer }) => {
      const name = path.slice('pg/lib/'.length).replace(/\.js$/, '');
      const replaced = importer.startsWith(OWN) ? undefined : OF_PACKAGES[`./${name}`];
      return { path: replaced ?? join(PG, 'lib', `${name}.js`) };
    });
    build.onLoad({ filter: /[\\/]pg(-pool)?[\\/](lib[\\/])?[\w-]+\.js$/ }, async ({ path }) => {
      if (!isOf(path)) return undefined;
      // On the first line, so that the lines keep their numbers.
      return { contents: `${PROCESS}${await readFile(path, 'utf8')}`, loader: 'js' };
    });
  },
};

const isOf = (path) => path.startsWith(PG) || path.startsWith(POOL);

/** A project's own `pg-cursor` asks `util` for a warning only. */
const CURSOR = /[\\/]node_modules[\\/]pg-cursor[\\/]/;
