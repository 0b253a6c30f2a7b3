import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '@toril/plugin/testing';
import { FlowProducer, Job, Queue, QueueEvents, RateLimitError, UnrecoverableError, Worker } from '../bullmq/index.js';

const work = (fn, job, host) => run({ default: fn }, job, host);

test('errors have their names and messages, and are instances across two copies of the module', async () => {
  const other = await import('../bullmq/errors.js?copy');
  assert.notEqual(other.UnrecoverableError, UnrecoverableError);
  const error = new other.UnrecoverableError();
  assert.deepEqual([error.name, error.message], ['UnrecoverableError', 'bullmq:unrecoverable']);
  assert.ok(error instanceof UnrecoverableError && error instanceof Error);
  assert.ok(!(error instanceof RateLimitError) && !(new Error('x') instanceof UnrecoverableError));
  class Own extends UnrecoverableError {}
  assert.ok(new Own() instanceof Own && !(error instanceof Own));
  assert.equal(new Own('x').name, 'Own');
  assert.equal(Worker.RateLimitError().message, 'bullmq:rateLimitExceeded');
});

test('a queue adds a job with every option of BullMQ', async () => {
  const opts = {
    jobId: 'mine', delay: 5, priority: 3, attempts: 4, backoff: { type: 'exponential', delay: 10, jitter: 0.5 }, lifo: true,
    removeOnComplete: { age: 60, count: 5 }, removeOnFail: 7, keepLogs: 1, stackTraceLimit: 2, sizeLimit: 100,
    timestamp: 9, parent: { id: '1', queue: 'bull:test' }, failParentOnFailure: true,
  };
  const ended = await work(async () => {
    const job = await new Queue('mails', { connection: {} }).add('send', { a: 1 }, opts);
    return [job instanceof Job, job.id, job.name, job.data, job.queueQualifiedName, job.parentKey];
  });
  assert.deepEqual(ended.result, [true, 'mine', 'send', { a: 1 }, 'bull:mails', 'bull:test:1']);
  const [{ queue, name, data, options }] = ended.added;
  assert.deepEqual([queue, name, data], ['mails', 'send', { a: 1 }]);
  assert.deepEqual(options, {
    id: 'mine', delay: 5n, priority: 3, attempts: 4, backoff: { kind: 'exponential', delay: 10n, jitter: 0.5 },
    deduplication: undefined, lifo: true,
    removeOnComplete: { tag: 'within', val: { age: 60n, count: 5n, limit: undefined } },
    removeOnFail: { tag: 'count', val: 7n }, keepLogs: 1, stackTraceLimit: 2, sizeLimit: 100n, timestamp: 9n,
    parent: { queue: 'test', id: '1' }, onFailure: 'fail-parent',
  });
});

test('the defaults of a queue apply, and the id is never a default', async () => {
  const ended = await work(async () => {
    const queue = new Queue('q', { defaultJobOptions: { attempts: 3, removeOnComplete: true, jobId: 'no' } });
    await queue.add('a', undefined, { attempts: 5 });
  });
  const [{ data, options, id }] = ended.added;
  assert.deepEqual([data, options.attempts, options.removeOnComplete, id], [{}, 5, { tag: 'none' }, '1']);
});

test('a bulk of jobs is added in order', async () => {
  const ended = await work(async () => {
    const jobs = await new Queue('q').addBulk([{ name: 'a', data: 1 }, { name: 'b', data: 2, opts: { jobId: 'x' } }]);
    return jobs.map(({ id }) => id);
  });
  assert.deepEqual(ended.result, ['1', 'x']);
  assert.deepEqual(ended.added.map(({ name, data }) => [name, data]), [['a', 1], ['b', 2]]);
});

test('a flow is a list in which each job comes before its children', async () => {
  const ended = await work(async () => {
    const tree = await new FlowProducer().add({
      name: 'root', queueName: 'a', data: {}, opts: { jobId: 'r' },
      children: [
        { name: 'leaf', queueName: 'b', opts: { ignoreDependencyOnFailure: true }, children: [{ name: 'deep', queueName: 'a' }] },
        { name: 'leaf', queueName: 'b' },
      ],
    });
    return [tree.job.id, tree.children.length, tree.children[0].children[0].job.parentKey === `bull:b:${tree.children[0].job.id}`];
  });
  assert.deepEqual(ended.result, ['r', 2, true]);
  assert.deepEqual(ended.added.map(({ queue, childOf }) => [queue, childOf]), [['a', undefined], ['b', 0], ['a', 1], ['b', 0]]);
  assert.equal(ended.added[1].options.onFailure, 'ignore');
  assert.match(ended.added[2].id, /^[0-9a-f-]{36}$/);
});

test('jobs that BullMQ refuses are refused with its messages', async () => {
  const cases = [
    [{ jobId: '12' }, 'Custom Id cannot be integers'],
    [{ jobId: 'a:b' }, 'Custom Id cannot contain :'],
    [{ priority: 1.5 }, 'Priority should not be float'],
    [{ sizeLimit: 1 }, 'The size of job n exceeds the limit 1 bytes'],
    [{ failParentOnFailure: true, removeDependencyOnFailure: true }, /cannot be used together/],
    [{ deduplication: {} }, 'Deduplication id must be provided'],
    [{ debounce: {} }, /Debounce option has been removed/],
    [{ backoff: { type: 'fixed', delay: 1, jitter: 2 } }, 'Jitter should be between 0 and 1'],
    [{ repeat: { every: 5 } }, /schedules/],
  ];
  for (const [opts, message] of cases) {
    const ended = await work(() => new Queue('q').add('n', {}, opts));
    assert.match(ended.message, message instanceof RegExp ? message : new RegExp(`^${message}$`));
    assert.equal(ended.added.length, 0);
  }
});

test('a prefix that is not the host\'s is refused', async () => {
  const ended = await work(() => new Queue('q', { prefix: 'other' }).add('n', {}));
  assert.match(ended.message, /the host's prefix is bull/);
  assert.equal((await work(() => new Queue('q', { prefix: 'bull' }).add('n', {}).then(({ id }) => id))).result, '1');
});

test('a rate limit of the own queue takes effect with its error', async () => {
  const limits = (queue) => work(async () => { await new Queue(queue).rateLimit(1500); throw new RateLimitError(); });
  assert.deepEqual((({ outcome, ms }) => ({ outcome, ms }))(await limits('test')), { outcome: 'rate-limited', ms: 1500 });
  assert.match((await limits('other')).message, /limits its own job's queue only/);
});

test('what a plugin cannot do names the alternative, and is fatal', async () => {
  const cases = [
    [() => new Worker('q', () => {}), /queues\.toml/],
    [() => new QueueEvents('q'), /moveToWaitingChildren/],
    [() => new Queue('q').upsertJobScheduler('s', {}), /schedules/],
    [() => new Queue('q').getJobCounts(), /HTTP API/],
    [() => Job.fromId(new Queue('q'), '1'), /running job/],
    [async () => (await new Queue('q').add('n', {})).waitUntilFinished(), /as a child/],
  ];
  for (const [call, message] of cases) {
    const ended = await work(call);
    assert.equal(ended.outcome, 'fatal');
    assert.match(ended.message, message);
  }
});

test('a queue that is made outside of a job asks no host, and its listeners are accepted', async () => {
  const queue = new Queue('q', { connection: { host: 'redis' } }).on('error', () => {});
  await queue.waitUntilReady();
  await queue.close();
  assert.equal(queue.name, 'q');
});
