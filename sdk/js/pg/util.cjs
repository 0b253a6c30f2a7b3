// What `pg` uses of `node:util` and `node:util/types`. The whole modules would need a larger engine.
module.exports = {
  /** Warnings are for people who develop with Node. */
  deprecate: (call) => call,
  isDate: (value) => Object.prototype.toString.call(value) === '[object Date]',
};
