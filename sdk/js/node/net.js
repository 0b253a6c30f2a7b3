// `node:net`: clients over the connections that the host opens to targets of the grants `tcp` and `tls`.
import { unavailable } from './lib/errors.js';
import { isIP, isIPv4, isIPv6 } from './lib/net/is-ip.js';
import { connectArguments } from './lib/net/options.js';
import { Socket } from './lib/net/socket.js';

const refused = (name, advice) =>
  ({
    [name]: class {
      constructor() {
        throw unavailable(`net.${name}`, advice);
      }
    },
  })[name];

const NO_SERVER =
  'a plugin cannot accept connections. A program that has work for it adds a job: see docs/operating.md';

export const Server = refused('Server', NO_SERVER);
export const BlockList = refused('BlockList', 'the entry in queues.toml lists what a plugin can reach');
export const SocketAddress = refused('SocketAddress', 'use texts for addresses');

export function createServer() {
  throw unavailable('net.createServer', NO_SERVER);
}

export function connect(...args) {
  const [options, listener] = connectArguments(args);
  return new Socket(options).connect(options, listener);
}

export const createConnection = connect;

let selectsFamily = true;
let familyTimeout = 250;
export const getDefaultAutoSelectFamily = () => selectsFamily;
export const setDefaultAutoSelectFamily = (value) => {
  selectsFamily = value;
};
export const getDefaultAutoSelectFamilyAttemptTimeout = () => familyTimeout;
export const setDefaultAutoSelectFamilyAttemptTimeout = (value) => {
  familyTimeout = value;
};

export { Socket, Socket as Stream, isIP, isIPv4, isIPv6 };
export default {
  BlockList,
  Server,
  Socket,
  SocketAddress,
  Stream: Socket,
  connect,
  createConnection,
  createServer,
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  isIP,
  isIPv4,
  isIPv6,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
};
