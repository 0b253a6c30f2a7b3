// An error that no promise of the processor sees.
export default async (job) => {
  if (job.attemptsMade > 0) return 'second';
  setTimeout(() => {
    throw new TypeError('nobody caught it');
  }, 10);
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  return 'never';
};
