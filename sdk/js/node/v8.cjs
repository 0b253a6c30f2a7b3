// `node:v8`: throws. The engine is not V8.
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse(
  {},
  'v8',
  'the engine is not V8. Use JSON or `structuredClone`',
  'deserialize serialize getHeapSnapshot getHeapSpaceStatistics getHeapStatistics setFlagsFromString writeHeapSnapshot Serializer Deserializer',
);
