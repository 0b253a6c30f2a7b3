// The jobs of the benchmarks as a plugin in TypeScript. tests/guests/bench is the same in Rust.
import type { Job, Jobs } from '@toril/plugin';

export const description = 'The jobs of the benchmarks.';

/** Runs this many rounds of a 32-bit xorshift. */
function churn(rounds: number): number {
  let state = 0x9e3779b9 | 0;
  for (let round = 0; round < rounds; round += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state >>> 0;
}

export const jobs = {
  noop: { handle: () => 1 },
  payload: { handle: (job) => job.data },
  cpu: { handle: (job: Job<{ rounds: number }>) => churn(job.data.rounds) },
  http: {
    handle: async (job: Job<{ url: string }>) => {
      const answer = await fetch(job.data.url);
      await answer.arrayBuffer();
      return answer.status;
    },
  },
  hold: {
    handle: async (job: Job<{ ms: number }>) => {
      await new Promise((resolve) => setTimeout(resolve, job.data.ms));
      return 1;
    },
  },
} satisfies Jobs;
