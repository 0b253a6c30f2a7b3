// `node:net`: a plugin has no sockets. The functions that only look at texts work.
const { FETCH } = require('./lib/late-globals.js');
const { refuse } = require('./lib/unavailable.cjs');

const isIPv4 = (text) => /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);

function isIPv6(text) {
  const [address, zone, ...rest] = String(text).split('%');
  if (rest.length > 0 || zone === '') return false;
  const lastColon = address.lastIndexOf(':');
  const tail = address.slice(lastColon + 1);
  // An IPv4 address at the end takes the place of two groups.
  const whole = tail.includes('.') ? (isIPv4(tail) ? `${address.slice(0, lastColon + 1)}0:0` : 'no') : address;
  const halves = whole.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
}

module.exports = refuse(
  {
    isIP: (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0),
    isIPv4: (text) => isIPv4(String(text)),
    isIPv6,
    getDefaultAutoSelectFamily: () => true,
    setDefaultAutoSelectFamily() {},
  },
  'net',
  `a plugin has no sockets. Use ${FETCH}, or \`node:http\` and \`node:https\` as clients`,
  'BlockList Server Socket SocketAddress Stream connect createConnection createServer',
);
