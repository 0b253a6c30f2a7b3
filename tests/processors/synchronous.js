// A function that is not asynchronous, in a file that is CommonJS because no package.json says otherwise.
module.exports = function (job) {
  return job.name.length;
};
