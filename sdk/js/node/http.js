// `node:http`: clients over the engine's requests.
import { unavailable } from './lib/errors.js';
import { Agent } from './lib/http/agent.js';
import { ClientRequest } from './lib/http/client-request.js';
import { METHODS, STATUS_CODES } from './lib/http/constants.js';
import { validateHeaderName, validateHeaderValue } from './lib/http/headers.js';
import { IncomingMessage } from './lib/http/incoming-message.js';
import { clientFor, createServer } from './lib/http/module.js';

export const maxHeaderSize = 16384;
export const globalAgent = new Agent({ keepAlive: true });
export const { request, get } = clientFor('http:', () => globalAgent);

class OfServer {
  constructor() {
    throw unavailable('An HTTP server', 'a plugin handles jobs');
  }
}
export class Server extends OfServer {}
export class ServerResponse extends OfServer {}
export class OutgoingMessage extends OfServer {}
export const setMaxIdleHTTPParsers = () => {};

export {
  Agent,
  ClientRequest,
  createServer,
  IncomingMessage,
  METHODS,
  STATUS_CODES,
  validateHeaderName,
  validateHeaderValue,
};
const http = {
  Agent,
  ClientRequest,
  IncomingMessage,
  METHODS,
  OutgoingMessage,
  STATUS_CODES,
  Server,
  ServerResponse,
  createServer,
  get,
  globalAgent,
  maxHeaderSize,
  request,
  setMaxIdleHTTPParsers,
  validateHeaderName,
  validateHeaderValue,
};
export default http;
