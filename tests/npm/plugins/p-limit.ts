import pLimit from 'p-limit';

export async function handle() {
  const limit = pLimit(2);
  let running = 0;
  let most = 0;
  const task = async (value: number) => {
    most = Math.max(most, (running += 1));
    await new Promise((resolve) => setTimeout(resolve, 5));
    running -= 1;
    return value * 2;
  };
  const results = await Promise.all([1, 2, 3, 4, 5].map((value) => limit(() => task(value))));
  return {
    results,
    most,
    left: [limit.activeCount, limit.pendingCount],
    mapped: await limit.map([1, 2], async (value) => value + 1),
  };
}
