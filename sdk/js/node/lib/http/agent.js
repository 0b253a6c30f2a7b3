// `Agent` of `node:http` and `node:https`. The host keeps connections, so an agent only carries its options.
import EventEmitter from '../../events.js';

export class Agent extends EventEmitter {
  constructor(options = {}) {
    super();
    this.options = { ...options, path: null };
    this.defaultPort = 80;
    this.protocol = 'http:';
    this.keepAlive = options.keepAlive ?? false;
    this.keepAliveMsecs = options.keepAliveMsecs ?? 1000;
    this.maxSockets = options.maxSockets ?? Infinity;
    this.maxFreeSockets = options.maxFreeSockets ?? 256;
    this.maxTotalSockets = options.maxTotalSockets ?? Infinity;
    this.scheduling = options.scheduling ?? 'lifo';
    this.sockets = {};
    this.freeSockets = {};
    this.requests = {};
  }

  getName({ host = 'localhost', port = '', localAddress = '' } = {}) {
    return `${host}:${port}:${localAddress}`;
  }

  destroy() {}
}

export class HttpsAgent extends Agent {
  constructor(options) {
    super(options);
    this.defaultPort = 443;
    this.protocol = 'https:';
  }
}
