// `node:readline`: throws.
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse(
  {},
  'readline',
  'a plugin has no terminal. Split a text with `text.split("\\n")`',
  'Interface clearLine clearScreenDown createInterface cursorTo emitKeypressEvents moveCursor',
);
module.exports.promises = module.exports;
