// `node:process`, and the global `process`.
import EventEmitter from './events.js';
import native from 'toril:engine/native';
import { environment } from './lib/environment.js';
import { coded, unavailable, wrongType } from './lib/errors.js';
import { nextTick } from './lib/next-tick.js';
import { makeOutput } from './lib/output.js';

const NS_PER_MS = 1_000_000n;
/** The version whose modules these polyfills follow. */
const VERSION = '20.19.0';

const nanoseconds = () => BigInt(Math.round(native.now() * 1e6));

function hrtime(since) {
  const now = nanoseconds() - (since ? BigInt(since[0]) * 1_000n * NS_PER_MS + BigInt(since[1]) : 0n);
  return [Number(now / (1_000n * NS_PER_MS)), Number(now % (1_000n * NS_PER_MS))];
}
hrtime.bigint = nanoseconds;

const refuse = (name, advice) => () => {
  throw unavailable(`process.${name}`, advice);
};

const process = Object.assign(new EventEmitter(), {
  title: 'node',
  version: `v${VERSION}`,
  versions: { node: VERSION, toril: '1' },
  release: { name: 'node' },
  arch: 'wasm32',
  platform: 'linux',
  pid: 1,
  ppid: 0,
  argv: ['node', '/plugin.js'],
  argv0: 'node',
  execArgv: [],
  execPath: '/usr/bin/node',
  exitCode: undefined,
  features: {},
  config: { variables: {}, target_defaults: {} },
  env: environment,
  nextTick,
  hrtime,
  cwd: () => '/',
  chdir: refuse('chdir', 'a plugin has no files'),
  umask: () => 0o022,
  uptime: () => native.now() / 1000,
  // The engine does not report its own use of memory. Libraries compare these with limits.
  memoryUsage: Object.assign(() => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }), {
    rss: () => 0,
  }),
  availableMemory: () => 0,
  constrainedMemory: () => 0,
  cpuUsage: () => ({ user: Math.round(native.now() * 1000), system: 0 }),
  resourceUsage: () => ({ userCPUTime: Math.round(native.now() * 1000), systemCPUTime: 0, maxRSS: 0 }),
  getuid: () => 0,
  geteuid: () => 0,
  getgid: () => 0,
  getegid: () => 0,
  getBuiltinModule: () => undefined,
  hasUncaughtExceptionCaptureCallback: () => false,
  kill: refuse('kill', 'throw an error to end the attempt'),
  abort: () => exit(134),
  exit,
  reallyExit: exit,
  binding: refuse('binding', 'a plugin has no native addons'),
  dlopen: refuse('dlopen', 'a plugin has no native addons'),
  emitWarning,
  stdin: {
    isTTY: false,
    fd: 0,
    on: () => process.stdin,
    once: () => process.stdin,
    resume: () => process.stdin,
    pause: () => process.stdin,
  },
});

for (const [name, descriptor] of [
  ['stdout', 1],
  ['stderr', 2],
]) {
  let stream;
  // Made when it is used for the first time.
  Object.defineProperty(process, name, {
    get: () => (stream ??= makeOutput(descriptor)),
    configurable: true,
    enumerable: true,
  });
}

function exit(code = process.exitCode ?? 0) {
  process.exitCode = code;
  process.emit('exit', code);
  // The text with which BullMQ reports the end of a processor's process.
  native.exit(`Unexpected exit code: ${code} signal: null`);
}

function emitWarning(warning, typeOrOptions, code) {
  const options =
    typeof typeOrOptions === 'object' && typeOrOptions !== null ? typeOrOptions : { type: typeOrOptions, code };
  if (typeof warning !== 'string' && !(warning instanceof Error)) {
    throw wrongType('warning', 'of type string or an instance of Error', warning);
  }
  const error = typeof warning === 'string' ? coded(Error, options.code ?? code, warning) : warning;
  if (typeof warning === 'string') error.name = options.type ?? 'Warning';
  nextTick(() => {
    if (!process.emit('warning', error))
      console.warn(`${error.code ? `[${error.code}] ` : ''}${error.name}: ${error.message}`);
  });
}

// A class name that libraries look at.
Object.defineProperty(process, Symbol.toStringTag, { value: 'process', configurable: true });
if (!('process' in globalThis)) {
  Object.defineProperty(globalThis, 'process', { value: process, writable: true, configurable: true });
}

export const {
  abort,
  arch,
  argv,
  argv0,
  chdir,
  config,
  cpuUsage,
  cwd,
  env,
  execArgv,
  execPath,
  features,
  memoryUsage,
  pid,
  platform,
  ppid,
  release,
  stderr,
  stdin,
  stdout,
  title,
  umask,
  uptime,
  version,
  versions,
} = process;
export const { on, once, off, emit, addListener, removeListener } = new Proxy(process, {
  get:
    (target, name) =>
    (...args) =>
      target[name](...args),
});
export { emitWarning, exit, hrtime, nextTick };
export default process;
