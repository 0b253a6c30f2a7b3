// Makes modules of which importing works, and each call throws an error that names the alternative. CommonJS, because
// any name can be imported from such a module.
const { unavailable } = require('./errors.js');

/** Adds functions and classes that throw. `names` is a text with blanks between the names. */
exports.refuse = (module, moduleName, advice, names) => {
  for (const name of names.trim().split(/\s+/)) {
    // A function and not an arrow, because classes are called with `new` and extended.
    module[name] = function () {
      throw unavailable(`${moduleName}.${name}`, advice);
    };
    Object.defineProperty(module[name], 'name', { value: name });
  }
  return module;
};
