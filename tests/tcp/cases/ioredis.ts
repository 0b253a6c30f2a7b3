import { Redis } from 'ioredis';

type Data = { redis: number; redisTls: number; run: string };

async function used(redis: Redis, prefix: string) {
  const list = `${prefix}:list`;
  await redis.set(`${prefix}:text`, 'grüße', 'EX', 60);
  const pipeline = redis.pipeline();
  for (let index = 0; index < 200; index += 1) pipeline.rpush(list, `${index}`);
  const pushed = await pipeline.exec();
  const multi = await redis.multi().incr(`${prefix}:count`).incrby(`${prefix}:count`, 5).exec();
  const wrong = await redis.lpush(`${prefix}:text`, 'x').catch((error: Error) => error.message);
  const bytes = Buffer.from([0, 255, 13, 10]);
  await redis.set(`${prefix}:bytes`, bytes);
  const result = {
    text: await redis.get(`${prefix}:text`),
    pushed: pushed?.length,
    last: await redis.lrange(list, -2, -1),
    multi,
    wrong,
    bytes: [...((await redis.getBuffer(`${prefix}:bytes`)) ?? [])],
    large: (await redis.set(`${prefix}:large`, 'x'.repeat(2_000_000)), (await redis.get(`${prefix}:large`))?.length),
    script: await redis.eval('return {ARGV[1], 2}', 0, 'one'),
    hash: await redis.hset(`${prefix}:hash`, { a: 1, b: 'two' }).then(() => redis.hgetall(`${prefix}:hash`)),
  };
  await redis.del(`${prefix}:text`, list, `${prefix}:count`, `${prefix}:bytes`, `${prefix}:large`, `${prefix}:hash`);
  return result;
}

async function subscribed(options: object) {
  const [subscriber, publisher] = [new Redis(options), new Redis(options)];
  await subscriber.subscribe('news');
  const message = new Promise((resolve) => subscriber.once('message', (...values) => resolve(values)));
  await publisher.publish('news', 'hello');
  const received = await message;
  await Promise.all([subscriber.quit(), publisher.quit()]);
  return received;
}

export async function handle({ data: { redis: port, redisTls, run } }: { data: Data }) {
  const plain = { host: 'localhost', port, family: 4 };
  const encrypted = { host: 'localhost', port: redisTls, family: 4, tls: {} };
  const results = [];
  for (const options of [plain, encrypted]) {
    const redis = new Redis(options);
    results.push(await used(redis, run), await redis.quit(), await subscribed(options));
  }
  const unreachable = new Redis({ host: '127.0.0.1', port: 1, lazyConnect: true, retryStrategy: () => null });
  unreachable.on('error', () => {});
  return [...results, await unreachable.connect().catch((error: Error) => error.message)];
}
