import pRetry, { AbortError } from 'p-retry';

export async function handle() {
  const attempts: number[] = [];
  const result = await pRetry(
    async (attempt) => {
      attempts.push(attempt);
      if (attempt < 3) throw new Error(`attempt ${attempt}`);
      return 'done';
    },
    { retries: 5, minTimeout: 2, maxTimeout: 5 },
  );
  const aborted = await pRetry(
    () => {
      throw new AbortError('stop');
    },
    { retries: 5, minTimeout: 1 },
  ).catch((error) => error.message);
  const failed = await pRetry(
    async () => {
      throw new Error('always');
    },
    {
      retries: 2,
      minTimeout: 1,
      onFailedAttempt: ({ attemptNumber, retriesLeft }) => void attempts.push(attemptNumber * 10 + retriesLeft),
    },
  ).catch((error) => error.message);
  return { result, attempts, aborted, failed };
}
