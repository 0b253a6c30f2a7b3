// `node:constants`.
module.exports = {
  ...require('./os.js').constants.errno,
  ...require('./os.js').constants.signals,
  ...require('./fs.cjs').constants,
};
