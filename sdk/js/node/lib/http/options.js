// The options of `http.request`, and the URL that they mean.
import { coded } from '../errors.js';

/** The options that a URL means. */
export function fromUrl(input) {
  const url = new URL(input);
  return {
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? undefined : Number(url.port),
    path: `${url.pathname}${url.search}`,
    auth: url.username ? `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` : undefined,
  };
}

/** The URL of options. */
export function urlOf({ protocol = 'http:', hostname, host, port, defaultPort, path = '/', agent, socketPath }) {
  if (socketPath)
    throw coded(Error, 'ERR_NOT_AVAILABLE_IN_PLUGIN', 'Unix sockets are not available in a plugin: use a URL');
  const scheme = protocol ?? agent?.protocol ?? 'http:';
  if (scheme !== 'http:' && scheme !== 'https:') {
    throw coded(TypeError, 'ERR_INVALID_PROTOCOL', `Protocol "${scheme}" not supported. Expected "http:"`);
  }
  if (/[^\u0021-\u00ff]/.test(path)) {
    throw coded(TypeError, 'ERR_UNESCAPED_CHARACTERS', 'Request path contains unescaped characters');
  }
  const name = hostname ?? host ?? 'localhost';
  const isIPv6 = name.includes(':') && !name.startsWith('[') && name.split(':').length > 2;
  const at = port ?? defaultPort;
  const origin = `${scheme}//${isIPv6 ? `[${name}]` : name}${at ? `:${at}` : ''}`;
  return new URL(path.startsWith('/') ? origin + path : new URL(path, origin));
}
