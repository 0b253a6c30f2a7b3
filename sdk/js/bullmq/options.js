// Checks a new job as BullMQ does, and converts it to the interface's form.
import { toRecord } from '../src/add-options.js';
import { toJson } from '../src/json.js';
import { current } from '../src/processor/attempt.js';
import { UnsupportedError } from './unsupported.js';

export const PRIORITY_LIMIT = 2 ** 21 - 1;

const EXCLUSIVE = [
  'removeDependencyOnFailure',
  'failParentOnFailure',
  'continueParentOnFailure',
  'ignoreDependencyOnFailure',
];

/** Job data as JSON, and the options as the record of the interface. */
export function toJob(name, data, opts) {
  const json = toJson('the data', data === undefined ? {} : data);
  validate(name, json, opts);
  const attempts = opts.attempts === 0 ? undefined : opts.attempts;
  const priority = opts.priority || undefined;
  return { data: json, options: toRecord({ ...opts, attempts, priority, parent: opts.parent && parentOf(opts.parent) }) };
}

/** The same checks and messages as in BullMQ. */
function validate(name, json, opts) {
  if (opts.sizeLimit && utf8Length(json) > opts.sizeLimit) {
    throw new Error(`The size of job ${name} exceeds the limit ${opts.sizeLimit} bytes`);
  }
  const exclusive = EXCLUSIVE.filter((option) => opts[option]);
  if (exclusive.length > 1) throw new Error(`The following options cannot be used together: ${exclusive.join(', ')}`);
  if (opts.jobId) {
    if (opts.jobId == '0' || opts.jobId.startsWith('0:')) throw new Error("JobId cannot be '0' or start with '0:'");
    if (`${parseInt(opts.jobId, 10)}` === opts.jobId) throw new Error('Custom Id cannot be integers');
    if (opts.jobId.includes(':')) throw new Error('Custom Id cannot contain :');
  }
  if (opts.priority) {
    if (Math.trunc(opts.priority) !== opts.priority) throw new Error('Priority should not be float');
    if (opts.priority > PRIORITY_LIMIT) throw new Error(`Priority should be between 0 and ${PRIORITY_LIMIT}`);
  }
  if (opts.deduplication) {
    if (!opts.deduplication.id) throw new Error('Deduplication id must be provided');
    if (opts.parent) throw new Error('Deduplication and parent options cannot be used together');
  }
  if (Object.hasOwn(opts, 'debounce')) {
    throw new Error('Debounce option has been removed. Use deduplication option instead');
  }
  const jitter = opts.backoff?.jitter;
  if (typeof jitter === 'number' && (jitter < 0 || jitter > 1)) throw new Error('Jitter should be between 0 and 1');
  if (opts.repeat) {
    throw new UnsupportedError('the option repeat', 'add a schedule to the queue in queues.toml (`schedules`)');
  }
}

/** The parent's queue without the prefix. BullMQ names it by its key. */
function parentOf({ id, queue }) {
  const end = queue.lastIndexOf(':');
  if (end >= 0) checkPrefix(queue.slice(0, end));
  return { id, queue: queue.slice(end + 1) };
}

/** All queues of a host have the host's prefix. */
export function checkPrefix(prefix) {
  const own = prefix === undefined ? undefined : current()?.details.prefix;
  if (own !== undefined && prefix !== own) {
    throw new UnsupportedError(
      `the prefix ${prefix}`,
      `the host's prefix is ${own} (\`prefix\` under [redis] in queues.toml), and it adds jobs under no other`,
    );
  }
}

/** The number of bytes of a text. */
function utf8Length(text) {
  let bytes = 0;
  for (const char of text) {
    const code = char.codePointAt(0);
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
