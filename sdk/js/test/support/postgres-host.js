// Runs a bundle with `pg` in Node, on a host of the test instead of `toril:plugin/postgres`.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bundle } from '../../build/bundle.js';

const HOST = Symbol.for('toril.test.postgres');
const NAMES = ['attempts', 'connect', 'openCursor', 'release', 'start', 'transaction'];

const OF_JOBS = [
  'cancelled', 'childrenValues', 'dependencies', 'getDetails', 'ignoredFailures', 'listChildren', 'log', 'remaining',
  'setData', 'setProgress',
];

const STUBS = {
  'toril:plugin/postgres@0.2.0': `const host = () => globalThis[Symbol.for('toril.test.postgres')];
    ${NAMES.map((name) => `export const ${name} = (...values) => host().${name}(...values);`).join('\n')}`,
  'toril:plugin/job-context@0.2.0': `const nothing = () => undefined;
    ${OF_JOBS.map((name) => `export { nothing as ${name} };`).join('\n')}`,
  'toril:engine/native': `const timers = new Map();
    export default {
      live: () => globalThis[Symbol.for('toril.test.postgres')].isLive,
      setTimer(ms, call) { const timer = setTimeout(call, ms); timers.set(+timer, timer); return +timer; },
      clearTimer: (id) => clearTimeout(timers.get(id)),
      utf8Encode: (text) => new TextEncoder().encode(text),
      utf8Decode: (bytes) => new TextDecoder().decode(bytes),
      hexEncode: (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
      writeResult(result) { globalThis[Symbol.for('toril.test.postgres')].result = result; return true; },
    };`,
};

const stubs = {
  name: 'stubs',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^toril:/ }, ({ path }) => ({ path, namespace: 'stub' }));
    onLoad({ filter: /.*/, namespace: 'stub' }, ({ path }) => ({ contents: STUBS[path] }));
  },
};

/**
 * Bundles a plugin's source. Returns the interfaces that it imports, and `run(host)`, which runs one job and returns
 * its result.
 */
export async function plugin(source) {
  const folder = await mkdtemp(join(tmpdir(), 'toril-pg-'));
  try {
    await writeFile(join(folder, 'plugin.ts'), source);
    // The packages that the source imports are those of this SDK.
    const { code, interfaces } = await bundle(join(folder, 'plugin.ts'));
    await writeFile(join(folder, 'bundle.js'), code);
    const entryPoints = [join(folder, 'bundle.js')];
    const options = { bundle: true, write: false, format: 'esm', platform: 'node', plugins: [stubs] };
    const { outputFiles } = await build({ ...options, entryPoints });
    const file = join(folder, 'final.mjs');
    await writeFile(file, outputFiles[0].contents);
    globalThis[HOST] = Object.assign(new Host(), { isLive: false });
    const { handler } = await import(pathToFileURL(file).href);
    return { interfaces, run: (host) => runJob(handler, host) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function runJob(handler, host) {
  globalThis[HOST] = host;
  const job = { id: '1', queue: 'q', name: 'n', parsed: null, attempt: 1, maxAttempts: 1, addedAt: 0 };
  await handler.handle(job);
  return host.result;
}

/** Answers in the form of the engine. `columns` are `name: OID`. */
export function answer(columns, rows, command) {
  return { columns: Object.entries(columns).flatMap(([name, oid]) => [name, oid, 4, -1, 0, 0]), rows, command };
}

/**
 * The host of a test. `respond(statement, details)` returns answers, or throws an error of the host, `{ tag, val }`. A
 * promise answers later. `calls` has what was asked.
 */
export class Host {
  calls = [];
  ended = 0;
  isLive = true;
  status = 'idle';
  #last = 0;
  #cursors = new Map();
  /** The calls that have not ended. */
  #open = new Set();

  constructor(respond = () => []) {
    this.respond = respond;
  }

  attempts() {
    return this.ended;
  }

  connect(pool) {
    this.calls.push(`connect ${pool}`);
    this.respond(`connect ${pool}`);
    return (this.#last += 1);
  }

  transaction() {
    return this.status;
  }

  openCursor(connection, details) {
    this.calls.push(`cursor ${details[0]}`);
    this.#cursors.set((this.#last += 1), details);
    return this.#last;
  }

  release(id) {
    this.calls.push(this.#cursors.has(id) ? 'close cursor' : `release ${id}`);
    this.#open.delete(id);
  }

  start(call, target, details, ended) {
    const id = (this.#last += 1);
    const text = call === 'ready' ? call : `${call} ${call === 'query' ? details[0] : details}`;
    this.calls.push(text);
    this.#open.add(id);
    const end = (error, answers) => this.#open.delete(id) && ended(error, answers);
    Promise.resolve()
      .then(() => (call === 'ready' ? this.respond('ready') ?? [] : this.respond(text, details)))
      .then((answers) => setImmediate(end, null, answers ?? []), (error) => setImmediate(end, error, null));
    return id;
  }
}
