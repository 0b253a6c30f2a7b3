// `node:fs/promises`.
module.exports = require('../fs.cjs').promises;
