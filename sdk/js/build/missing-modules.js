// An esbuild plugin: what a bundle requires and does not find fails when the code runs, and not the build. Packages try
// to load optional dependencies this way, and continue without them.
const LATE = new Set(['require-call', 'require-resolve', 'dynamic-import']);

export const missingModules = {
  name: 'missing-modules',
  setup(build) {
    build.onResolve({ filter: /^[^./]|^\.\.?(\/|$)/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (!LATE.has(kind) || pluginData === SEEN) return undefined;
      const found = await build.resolve(path, { importer, kind, resolveDir, pluginData: SEEN });
      if (found.errors.length === 0) return found;
      return { path, namespace: 'missing', pluginData: { importer } };
    });
    build.onLoad({ filter: /.*/, namespace: 'missing' }, ({ path, pluginData }) => ({
      contents: `throw ${failure(path, pluginData.importer)};`,
      loader: 'js',
    }));
    build.onLoad({ filter: /\.node$/ }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${inShort(path)} is a native addon, which cannot run in a plugin`)});`,
      loader: 'js',
    }));
  },
};

const SEEN = Symbol('resolved by esbuild itself');

const failure = (path, importer) => {
  const message = `Cannot find module '${path}', which ${inShort(importer)} requires. It was not installed when the plugin was built`;
  return `Object.assign(new Error(${JSON.stringify(message)}), { code: 'MODULE_NOT_FOUND' })`;
};

/** A path without the folders above `node_modules`, which differ from machine to machine. */
const inShort = (path) => path.split('node_modules/').pop();
