// `node:vm`: throws.
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse(
  { isContext: () => false, constants: {} },
  'vm',
  'a plugin has one context. It is a sandbox of its own: use `new Function(...)`',
  'Module Script SourceTextModule SyntheticModule compileFunction createContext measureMemory runInContext runInNewContext runInThisContext',
);
