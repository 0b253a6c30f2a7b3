import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import EventEmitter from 'node:events';
import { setTimeout as sleep, setInterval as every } from 'node:timers/promises';

const storage = new AsyncLocalStorage<string>();

export async function handle() {
  const seen: Record<string, unknown> = {};
  const inner = async () => {
    await null;
    seen.afterAwait = storage.getStore();
    await sleep(1);
    seen.afterSleep = storage.getStore();
    for await (const value of every(1, 'tick')) {
      seen.inLoop = [value, storage.getStore()];
      break;
    }
    await new Promise<void>((resolve) =>
      process.nextTick(() => {
        seen.nextTick = storage.getStore();
        resolve();
      }),
    );
    await new Promise<void>((resolve) =>
      setImmediate(() => {
        seen.immediate = storage.getStore();
        resolve();
      }),
    );
    await new Promise<void>((resolve) =>
      queueMicrotask(() => {
        seen.microtask = storage.getStore();
        resolve();
      }),
    );
    await Promise.all([
      storage.run('nested', async () => {
        await sleep(1);
        seen.nested = storage.getStore();
      }),
      Promise.reject(new Error('x')).catch(() => {
        seen.caught = storage.getStore();
      }),
    ]);
    seen.afterNested = storage.getStore();
    async function* generate() {
      yield storage.getStore();
      await null;
      yield storage.getStore();
    }
    seen.generated = [];
    for await (const value of generate()) (seen.generated as unknown[]).push(value);
    return 'result';
  };
  const [one, two] = await Promise.all([
    storage.run('one', inner),
    storage.run('two', async () => {
      await sleep(2);
      return storage.getStore();
    }),
  ]);
  const resource = storage.run('bound', () => new AsyncResource('test'));
  const emitter = new EventEmitter();
  storage.run('listening', () =>
    emitter.on(
      'x',
      AsyncResource.bind(() => {
        seen.listener = storage.getStore();
      }),
    ),
  );
  emitter.emit('x');
  const ticks: string[] = [];
  await new Promise<void>((resolve) => {
    setTimeout(() => {
      ticks.push('timeout');
      resolve();
    }, 3);
    setImmediate(() => ticks.push('immediate'));
    const cleared = setImmediate(() => ticks.push('never'));
    clearImmediate(cleared);
    clearTimeout(setTimeout(() => ticks.push('never'), 1));
    process.nextTick((value: string) => ticks.push(value), 'tick');
  });
  return {
    seen,
    one,
    two,
    bound: resource.runInAsyncScope(() => storage.getStore()),
    snapshot: storage.run('s', () => AsyncLocalStorage.snapshot())(() => storage.getStore()),
    outside: storage.getStore() ?? null,
    exited: storage.run('a', () => storage.exit(() => storage.getStore() ?? null)),
    ticks,
    timer: typeof setTimeout(() => {}, 1)
      .unref()
      .hasRef(),
  };
}
