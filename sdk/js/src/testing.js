// Runs handlers in unit tests, with a mock host.
import { adapt } from './adapter.js';
import { newState, replaceState } from './host/stand-in/state.js';

export async function run(plugin, job = {}, options = {}) {
  const host = newState(options);
  const before = replaceState(host);
  try {
    const ended = await attempt(adapt(plugin), job);
    const { logs, progress, data, added, kv } = host;
    return { ...ended, logs, progress, data, added, kv: Object.fromEntries(kv) };
  } finally {
    replaceState(before);
  }
}

async function attempt(handler, { name = 'test', data = null, ...job }) {
  const raw = {
    id: '1',
    queue: 'test',
    attempt: 1,
    maxAttempts: 1,
    ...job,
    name,
    data: JSON.stringify(data),
    addedAt: BigInt(new Date(job.addedAt ?? 0).getTime()),
  };
  try {
    return { outcome: 'completed', result: JSON.parse(await handler.handle(raw)) };
  } catch (thrown) {
    if (typeof thrown?.tag !== 'string') throw thrown;
    const { tag, val } = thrown;
    if (typeof val === 'bigint') return { outcome: tag, ms: Number(val) };
    return val === undefined ? { outcome: tag } : { outcome: tag, ...val };
  }
}
