// The BullMQ version that these scripts use. clients.mjs uses both versions at once. TORIL_BULLMQ=5 selects version
// 5, which is installed under the name bullmq5.

const packages = { 5: 'bullmq5', 6: 'bullmq' };
const version = process.env.TORIL_BULLMQ ?? '6';
if (!packages[version]) throw new Error(`TORIL_BULLMQ is ${version}: there are ${Object.keys(packages).join(' and ')}`);

export const {
  DelayedError,
  FlowProducer,
  Job,
  Queue,
  QueueEvents,
  RateLimitError,
  UnrecoverableError,
  WaitingError,
  Worker,
} = await import(packages[version]);
