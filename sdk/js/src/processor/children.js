// The methods of a processor's job about its children, with the answers of BullMQ. Jobs are named by their keys.
import * as host from '#host/context';
import { UnrecoverableError } from '../../bullmq/errors.js';
import { ask } from '../host-error.js';

const STATES = ['processed', 'unprocessed', 'ignored', 'failed'];
/** BullMQ's default number of children per page. */
const COUNT = 20;
/** How many children one call to the host lists if the processor wants all. */
const MANY = 1000;

const NOT_READ = 'the children were not read';

const keyOf = ({ details }, { queue, id }) => `${details.prefix}:${queue}:${id}`;

export function values(attempt) {
  const found = ask(NOT_READ, () => host.childrenValues());
  return Object.fromEntries(found.map(({ child, value }) => [keyOf(attempt, child), JSON.parse(value)]));
}

export function ignoredFailures(attempt) {
  const found = ask(NOT_READ, () => host.ignoredFailures());
  return Object.fromEntries(found.map(({ child, reason }) => [keyOf(attempt, child), reason]));
}

export function counts(wanted = {}) {
  const found = ask('the children were not counted', () => host.dependencies());
  const states = Object.keys(wanted ?? {}).filter((state) => wanted[state] && STATES.includes(state));
  return Object.fromEntries((states.length > 0 ? states : STATES).map((state) => [state, Number(found[state])]));
}

export function dependencies(attempt, opts = {}) {
  const wanted = STATES.filter((state) => opts?.[state]);
  if (wanted.length === 0) {
    return {
      processed: values(attempt),
      unprocessed: all(attempt, 'unprocessed'),
      failed: all(attempt, 'failed'),
      ignored: ignoredFailures(attempt),
    };
  }
  const found = {};
  for (const state of ['processed', 'ignored', 'failed', 'unprocessed'].filter((state) => wanted.includes(state))) {
    const { cursor = 0, count = COUNT } = opts[state] === true ? {} : opts[state];
    const page = list(state, cursor, count);
    found[state] = FORMS[state](page.children, attempt);
    // BullMQ pages through the failed children by their number, and does not say when it has come to the end.
    const next = state === 'failed' ? cursor + count : Number(page.next);
    found[`next${state[0].toUpperCase()}${state.slice(1)}Cursor`] = next;
  }
  return found;
}

const FORMS = {
  processed: (found, attempt) =>
    Object.fromEntries(found.map(({ job, value }) => [keyOf(attempt, job), JSON.parse(value)])),
  ignored: (found, attempt) => Object.fromEntries(found.map(({ job, value }) => [keyOf(attempt, job), value])),
  unprocessed: (found, attempt) => found.map(({ job }) => keyOf(attempt, job)),
  failed: (found, attempt) => found.map(({ job }) => keyOf(attempt, job)),
};

function list(state, cursor, count) {
  return ask(NOT_READ, () => host.listChildren(state, BigInt(cursor), Math.max(1, Math.min(count, 0xffffffff))));
}

/** The keys of all children in a state. A page may repeat a child of the page before. */
function all(attempt, state) {
  const keys = new Set();
  for (let cursor = 0; ; ) {
    const { children, next } = list(state, cursor, MANY);
    for (const { job } of children) keys.add(keyOf(attempt, job));
    if (Number(next) === 0) return [...keys];
    cursor = Number(next);
  }
}

/** Whether the job will wait for its children: some of them have not ended, or the given one has not. */
export function moveToWaiting(attempt, { child } = {}) {
  const found = counts();
  if (found.failed > 0) {
    throw new UnrecoverableError(
      `Cannot complete job ${attempt.raw.id} because it has at least one failed child. moveToWaitingChildren`,
    );
  }
  const waits = child
    ? all(attempt, 'unprocessed').includes(`${child.queue}:${child.id}`)
    : found.unprocessed > 0;
  if (waits) attempt.move({ tag: 'await-children' });
  return waits;
}
