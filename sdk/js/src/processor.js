// Runs what BullMQ calls a sandboxed processor: a function `(job, token, signal) => result`.
import * as host from '#host/context';
import { writeAnyResult } from '#host/result';
import { ask } from './host-error.js';
import { Attempt, begin } from './processor/attempt.js';
import { ofMove, ofThrown } from './processor/ending.js';
import { makeJob } from './processor/job.js';
import { makeSignal } from './processor/signal.js';

/** The processor that a module exports, in each of the forms that BullMQ accepts: `export default`, `module.exports` and
 *  `exports.default`. Undefined: the module is no processor. */
export function processorOf(module) {
  const exported = module.default?.default ?? module.default;
  return typeof exported === 'function' ? exported : undefined;
}

/** Makes a component's exports from a processor. */
export function adaptProcessor(processor) {
  return {
    describe: () => ({ description: '', jobs: [] }),
    async handle(raw) {
      const attempt = new Attempt(raw, () => ask('the job was not read', () => host.getDetails()));
      begin(attempt);
      let ending;
      try {
        const result = await processor(makeJob(attempt), tokenOf(raw), makeSignal(attempt));
        // BullMQ passes the result on as JSON.
        ending = { result: writeAnyResult(result) };
      } catch (thrown) {
        ending = { failure: ofThrown(attempt, thrown) };
      }
      attempt.ended = true;
      attempt.onEnd?.();
      // BullMQ has moved the job already, and ignores how the processor ends.
      if (attempt.moved) throw ofMove(attempt.moved);
      if (ending.failure) throw ending.failure;
      return ending.result;
    },
  };
}

/** A text that identifies this run. It is no lock token: the host holds the lock, and checks it. */
const tokenOf = ({ queue, id, attempt }) => `${queue}:${id}:${attempt}`;
