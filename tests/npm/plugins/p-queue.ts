import PQueue from 'p-queue';

export async function handle() {
  const queue = new PQueue({ concurrency: 1, interval: 5, intervalCap: 2 });
  const order: string[] = [];
  const events: string[] = [];
  queue.on('idle', () => events.push('idle'));
  const work = (name: string) => async () => void order.push(name);
  queue.pause();
  queue.add(work('low'), { priority: 0 });
  queue.add(work('high'), { priority: 10 });
  queue.add(work('middle'), { priority: 5 });
  queue.start();
  const result = await queue.add(async () => 42);
  const failed = await queue
    .add(async () => {
      throw new Error('no');
    })
    .catch((error) => error.message);
  await queue.onIdle();
  const late = await new PQueue({ timeout: 5 }).add(() => new Promise(() => {})).catch((error) => error.name);
  return { order, events, result, failed, late, size: queue.size };
}
