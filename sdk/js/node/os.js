// `node:os`: a plugin sees no machine. These values are the same everywhere.
import { coded } from './lib/errors.js';

export const EOL = '\n';
export const devNull = '/dev/null';
export const arch = () => 'wasm32';
export const availableParallelism = () => 1;
export const cpus = () => [];
export const endianness = () => 'LE';
export const freemem = () => 0;
export const getPriority = () => 0;
export const homedir = () => '/';
export const hostname = () => 'plugin';
export const loadavg = () => [0, 0, 0];
export const machine = () => 'wasm32';
export const networkInterfaces = () => ({});
export const platform = () => 'linux';
export const release = () => '0.0.0';
export const setPriority = () => {};
export const tmpdir = () => '/tmp';
export const totalmem = () => 0;
export const type = () => 'Linux';
export const uptime = () => 0;
export const version = () => 'Toril';
/** Node throws this error as well, if the user has no entry in /etc/passwd. */
export function userInfo() {
  throw coded(
    Error,
    'ERR_SYSTEM_ERROR',
    'A system error occurred: uv_os_get_passwd returned ENOENT. A plugin has no user',
  );
}

const signals = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};
const errno = {
  EACCES: 13,
  EADDRINUSE: 98,
  ECONNREFUSED: 111,
  ECONNRESET: 104,
  EEXIST: 17,
  EINVAL: 22,
  ENOENT: 2,
  EPERM: 1,
  EPIPE: 32,
  ETIMEDOUT: 110,
};
export const constants = { signals, errno, priority: {}, dlopen: {}, UV_UDP_REUSEADDR: 4 };

const os = {
  EOL,
  arch,
  availableParallelism,
  constants,
  cpus,
  devNull,
  endianness,
  freemem,
  getPriority,
  homedir,
  hostname,
  loadavg,
  machine,
  networkInterfaces,
  platform,
  release,
  setPriority,
  tmpdir,
  totalmem,
  type,
  uptime,
  userInfo,
  version,
};
export default os;
