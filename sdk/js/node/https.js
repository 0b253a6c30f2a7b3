// `node:https`: clients over the engine's requests. The host checks certificates, so the options of TLS have no effect.
import { HttpsAgent as Agent } from './lib/http/agent.js';
import { clientFor, createServer } from './lib/http/module.js';

export const globalAgent = new Agent({ keepAlive: true });
export const { request, get } = clientFor('https:', () => globalAgent);
export { Server } from './http.js';
import { Server } from './http.js';
export { Agent, createServer };

const https = { Agent, Server, createServer, get, globalAgent, request };
export default https;
