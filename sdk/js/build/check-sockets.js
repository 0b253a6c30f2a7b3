// Finds the servers that a processor connects to over TCP: with `node:net`, `node:tls`, and clients over them.

/** Modules that connect, with the port of their servers, and the one for TLS. */
const CLIENTS = new Map([
  ['net', {}],
  ['tls', {}],
  ['ioredis', { port: 6379, tlsPort: 6379 }],
  ['mysql2', { port: 3306 }],
  ['mysql2/promise', { port: 3306 }],
  ['nodemailer', { port: 587, tlsPort: 465 }],
]);
/** The schemes of their addresses, with the port, and whether the client uses TLS from the beginning. */
const SCHEMES = {
  'redis:': { port: 6379 },
  'rediss:': { port: 6379, isTls: true },
  'mysql:': { port: 3306 },
  'smtp:': { port: 587 },
  'smtps:': { port: 465, isTls: true },
};
/** What connects: `net.connect`, `new Redis`, `mysql.createPool`, `nodemailer.createTransport`. */
const CALLS = /^(connect|createConnection|createPool|createTransport|Redis|IORedis)$/;

export const isSocketClient = (name) => CLIENTS.has(name);

/** Reports the server that a call connects to. `clients` are the modules that its file imports. */
export function sockets(ts, node, at, report, clients) {
  const known = clients.filter(isSocketClient);
  if (known.length === 0 || !(ts.isCallExpression(node) || ts.isNewExpression(node))) return;
  const { expression } = node;
  const name = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.text;
  if (!CALLS.test(name)) return;
  const isTls = ts.isPropertyAccessExpression(expression) && expression.expression.text === 'tls';
  const server = serverOf(ts, node.arguments ?? [], { ...defaultsOf(known), isTls });
  if (server.upgrades) return;
  const target = server.host && server.port ? `${server.host}:${server.port}` : undefined;
  const what = target ? `the server ${target}` : 'a server whose address is computed';
  report.grant(server.isTls ? 'tls' : 'tcp', target, at(node, what));
}

const defaultsOf = (clients) => Object.assign({}, ...clients.map((name) => CLIENTS.get(name)));

function serverOf(ts, [first, second], { port, tlsPort, isTls }) {
  if (first && ts.isStringLiteralLike(first)) return serverOfUrl(first.text);
  // `connect(port, host)`.
  if (first && ts.isNumericLiteral(first)) {
    const host = second && ts.isStringLiteralLike(second) ? second.text : second ? undefined : 'localhost';
    return { host, port: first.text, isTls };
  }
  if (!first || !ts.isObjectLiteralExpression(first)) return { isTls };
  const given = new Map(first.properties.map((property) => [property.name?.text, property.initializer]));
  const isTrue = (key) => given.get(key)?.kind === ts.SyntaxKind.TrueKeyword;
  // The option `tls` is an object in ioredis.
  const option = given.get('tls');
  const encrypts = isTls || isTrue('secure') || (option && ts.isObjectLiteralExpression(option));
  const [host, own] = [given.get('host'), given.get('port')];
  return {
    host: host && ts.isStringLiteralLike(host) ? host.text : undefined,
    port: own ? own.text : encrypts ? tlsPort : port,
    isTls: encrypts,
    upgrades: given.has('socket'),
  };
}

function serverOfUrl(text) {
  if (!URL.canParse(text)) return {};
  const { protocol, hostname, port } = new URL(text);
  const scheme = SCHEMES[protocol];
  return scheme ? { host: hostname, port: port || scheme.port, isTls: scheme.isTls } : {};
}
