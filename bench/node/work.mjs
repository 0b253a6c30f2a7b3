// The jobs of the benchmarks as a processor in Node.

export default async function work(job) {
  switch (job.name) {
    case 'noop':
      return 1;
    case 'payload':
      return job.data;
    case 'cpu':
      return churn(job.data.rounds);
    case 'http': {
      const answer = await fetch(job.data.url);
      await answer.arrayBuffer();
      return answer.status;
    }
    case 'hold':
      await new Promise((resolve) => setTimeout(resolve, job.data.ms));
      return 1;
    default:
      throw new Error(`unknown workload ${job.name}`);
  }
}

// Runs this many rounds of a 32-bit xorshift.
function churn(rounds) {
  let state = 0x9e3779b9 | 0;
  for (let round = 0; round < rounds; round += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state >>> 0;
}
