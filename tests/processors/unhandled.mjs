// A rejection that nobody handles.
export default async (job) => {
  if (job.attemptsMade > 0) return 'second';
  Promise.reject(new Error('nobody handled it'));
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  return 'never';
};
