// `node:http2`: throws. Its constants exist, because HTTP clients read them.
const { FETCH } = require('./lib/late-globals.js');
const { refuse } = require('./lib/unavailable.cjs');

const constants = {
  HTTP2_HEADER_AUTHORITY: ':authority',
  HTTP2_HEADER_METHOD: ':method',
  HTTP2_HEADER_PATH: ':path',
  HTTP2_HEADER_SCHEME: ':scheme',
  HTTP2_HEADER_STATUS: ':status',
  HTTP2_HEADER_CONTENT_LENGTH: 'content-length',
  HTTP2_HEADER_CONTENT_TYPE: 'content-type',
  HTTP2_HEADER_COOKIE: 'cookie',
  HTTP2_METHOD_GET: 'GET',
  HTTP2_METHOD_POST: 'POST',
  NGHTTP2_CANCEL: 8,
  NGHTTP2_NO_ERROR: 0,
  NGHTTP2_REFUSED_STREAM: 7,
};
module.exports = refuse(
  { constants, sensitiveHeaders: Symbol('nodejs.http2.sensitiveHeaders') },
  'http2',
  `use ${FETCH} or \`node:https\`. The host chooses the version of HTTP`,
  'connect createServer createSecureServer getDefaultSettings getPackedSettings getUnpackedSettings Http2ServerRequest Http2ServerResponse',
);
