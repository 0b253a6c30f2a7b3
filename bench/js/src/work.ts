// The jobs of the benchmarks, the same code for Toril and for Node. tests/guests/bench is the same in Rust.
import type { Job, Jobs } from '@toril/plugin';

/** What jobs do with their data, by their names. */
export type Work = Record<string, (data: any) => unknown>;

export const work: Work = {
  noop: () => 1,
  payload: (data) => data,
  http: async ({ url }: { url: string }) => {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return answer.status;
  },
  hold: async ({ ms }: { ms: number }) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return 1;
  },
  /** Runs this many rounds of a 32-bit xorshift. */
  cpu: ({ rounds }: { rounds: number }) => {
    let state = 0x9e3779b9 | 0;
    for (let round = 0; round < rounds; round += 1) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
    }
    return state >>> 0;
  },
};

/** The jobs of a plugin. */
export const jobsOf = (work: Work) =>
  Object.fromEntries(
    Object.entries(work).map(([name, handle]) => [name, { handle: (job: Job) => handle(job.data) }]),
  ) as Jobs;
