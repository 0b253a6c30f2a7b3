import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '@toril/plugin/testing';
import { DelayedError, RateLimitError, UnrecoverableError, WaitingChildrenError, WaitingError } from '../bullmq/index.js';

const processor = (fn) => ({ default: fn });
const child = (id) => ({ queue: 'parts', id });

test('every form in which BullMQ accepts a processor is one', async () => {
  const fn = () => 1;
  for (const module of [{ default: fn }, { default: { default: fn } }, { default: fn, jobs: 7, handle: 'x' }]) {
    assert.equal((await run(module)).result, 1);
  }
  await assert.rejects(run({ default: { other: fn } }), /default export is a processor/);
});

test('the job has the fields of a sandboxed job in Node, in its order', async () => {
  const details = {
    options: '{"attempts":3,"keepLogs":5}', starts: 4, stalls: 1, progress: '{"at":7}', priority: 2, delay: 60n,
    startedAt: 1700000000001n, failedReason: 'no', stackTraces: '["Error: no"]', prefix: 'bull',
    deduplicationId: 'd', scheduler: 's', parentKey: 'bull:up:9', parent: '{"id":"9","queueKey":"bull:up"}',
  };
  const job = { id: '7', queue: 'mails', name: 'send', data: { to: 'me' }, attempt: 3, addedAt: 5, parent: { queue: 'up', id: '9' } };
  const { result } = await run(processor((job) => ({ fields: Object.keys(job), copy: { ...job }, typed: [job.delay, job.priority] })), job, { details });
  const fields = {
    id: '7', name: 'send', data: { to: 'me' }, opts: { attempts: 3, keepLogs: 5 },
    parent: { id: '9', queueKey: 'bull:up' }, parentKey: 'bull:up:9', progress: { at: 7 }, attemptsMade: 2,
    attemptsStarted: 4, stalledCounter: 1, processedOn: 1700000000001, timestamp: 5, failedReason: '"no"',
    stacktrace: '["Error: no"]', deduplicationId: 'd', repeatJobKey: 's', returnvalue: 'null', queueName: 'mails',
    queueQualifiedName: 'bull:mails', prefix: 'bull', returnValue: null,
  };
  const methods = [
    'updateProgress', 'log', 'moveToDelayed', 'moveToWait', 'moveToWaitingChildren', 'updateData', 'getChildrenValues',
    'getIgnoredChildrenFailures', 'getDependenciesCount', 'getDependencies',
  ];
  assert.deepEqual(result.copy, fields);
  assert.deepEqual(result.fields, [...Object.keys(fields), ...methods]);
  assert.deepEqual(result.typed, [60, 2]);
});

test('a field that the job does not have is absent, and the progress is 0 at first', async () => {
  const { result } = await run(processor((job) => ['parent' in { ...job }, Object.keys(job).includes('failedReason'), job.progress, job.parentKey ?? 'none']));
  assert.deepEqual(result, [false, false, 0, 'none']);
});

test('a processor can change its job, as a plain object', async () => {
  const { result } = await run(processor((job) => {
    job.data = 1;
    job.extra = 2;
    return [job.data, job.extra, JSON.parse(JSON.stringify(job)).extra, Object.keys(job).includes('extra')];
  }));
  assert.deepEqual(result, [1, 2, 2, true]);
});

test('the methods reach the host, also without their job', async () => {
  const ended = await run(processor(async (job) => {
    const { log, updateProgress, updateData } = job;
    await log('text');
    await log(5);
    await updateProgress({ s: 'x' });
    await updateData({ n: 1 });
    return [job.progress, job.data];
  }));
  assert.deepEqual(ended.logs, [{ level: 'info', message: 'text' }, { level: 'info', message: '5' }]);
  assert.deepEqual([ended.progress, ended.data, ended.result], [[{ s: 'x' }], { n: 1 }, [{ s: 'x' }, { n: 1 }]]);
});

test('children are named by their keys', async () => {
  const children = {
    values: [{ child: child('a'), value: { n: 1 } }], ignoredFailures: [{ child: child('b'), reason: 'no' }],
    unprocessed: [child('c')], failed: [child('d')], counts: { processed: 1, unprocessed: 1, ignored: 1, failed: 1 },
  };
  const { result } = await run(processor(async (job) => ({
    values: await job.getChildrenValues(),
    ignored: await job.getIgnoredChildrenFailures(),
    counts: [await job.getDependenciesCount(), await job.getDependenciesCount({ failed: true, ignored: false })],
    all: await job.getDependencies(),
    page: await job.getDependencies({ processed: { count: 5 }, failed: {} }),
  })), {}, { children });
  const processed = { 'bull:parts:a': { n: 1 } };
  assert.deepEqual(result, {
    values: processed, ignored: { 'bull:parts:b': 'no' },
    counts: [{ processed: 1, unprocessed: 1, ignored: 1, failed: 1 }, { failed: 1 }],
    all: { processed, unprocessed: ['bull:parts:c'], failed: ['bull:parts:d'], ignored: { 'bull:parts:b': 'no' } },
    page: { processed, nextProcessedCursor: 0, failed: ['bull:parts:d'], nextFailedCursor: 20 },
  });
});

test('the pages of a long list are put together', async () => {
  const unprocessed = Array.from({ length: 2500 }, (_, n) => child(String(n)));
  const { result } = await run(processor(async (job) => (await job.getDependencies()).unprocessed.length), {}, { children: { unprocessed } });
  assert.equal(result, 2500);
});

test('a move and its error end the attempt without using it up', async () => {
  const moved = (move, error) => run(processor(async (job, token) => {
    await job[move](...(move === 'moveToDelayed' ? [Date.now() + 5000, token] : [token]));
    throw new error();
  }), {}, { children: { counts: { unprocessed: 1 } } });
  const delayed = await moved('moveToDelayed', DelayedError);
  assert.ok(delayed.outcome === 'defer' && delayed.ms > 4000 && delayed.ms <= 5000, JSON.stringify(delayed));
  assert.equal((await moved('moveToWait', WaitingError)).outcome, 'requeue');
  assert.equal((await moved('moveToWaitingChildren', WaitingChildrenError)).outcome, 'await-children');
});

test('a moved job stays moved, however its processor ends', async () => {
  for (const end of [() => 'result', () => { throw new Error('late'); }]) {
    const ended = await run(processor(async (job, token) => { await job.moveToWait(token); return end(); }));
    assert.equal(ended.outcome, 'requeue');
  }
});

test('an error of BullMQ without its move says which call is missing', async () => {
  const ended = await run(processor(() => { throw new DelayedError(); }));
  assert.equal(ended.outcome, 'retry');
  assert.match(ended.message, /job\.moveToDelayed\(\)/);
});

test('without children that have not ended a job does not wait for them', async () => {
  const ended = await run(processor((job, token) => job.moveToWaitingChildren(token)));
  assert.equal(ended.result, false);
  const failed = await run(processor((job, token) => job.moveToWaitingChildren(token)), {}, { children: { counts: { failed: 1 } } });
  assert.deepEqual([failed.outcome, failed.message], ['fatal', 'Cannot complete job 1 because it has at least one failed child. moveToWaitingChildren']);
  const counts = { unprocessed: 1 };
  const of = (id) => run(processor((job, token) => job.moveToWaitingChildren(token, { child: { queue: 'bull:parts', id } })), {}, { children: { counts, unprocessed: [child('a')] } });
  assert.deepEqual([(await of('a')).outcome, (await of('b')).result], ['await-children', false]);
});

test('what is thrown fails the attempt with the message and the stack that BullMQ stores', async () => {
  const thrown = (value) => run(processor(() => { throw value; }));
  const error = await thrown(new TypeError('wrong'));
  assert.deepEqual([error.outcome, error.message], ['retry', 'wrong']);
  assert.match(error.stack, /^TypeError: wrong\n.*processor\.test\.js/);
  assert.equal((await thrown('text')).message, 'text');
  assert.equal((await thrown(new Error(''))).message, 'Error');
  assert.equal((await thrown(undefined)).message, "Cannot read properties of undefined (reading 'message')");
  assert.equal((await thrown(new Error('outer', { cause: new Error('inner') }))).message, 'outer');
});

test('an unrecoverable error is known by its class and by its name', async () => {
  class Own extends UnrecoverableError {}
  const foreign = Object.assign(new Error('no'), { name: 'UnrecoverableError' });
  for (const error of [new UnrecoverableError('no'), new Own('no'), foreign]) {
    const ended = await run(processor(() => { throw error; }));
    assert.deepEqual([ended.outcome, ended.message], ['fatal', 'no']);
  }
});

test('a rate limit error puts the job back', async () => {
  assert.equal((await run(processor(() => { throw new RateLimitError(); }))).outcome, 'requeue');
  assert.equal((await run(processor(() => { throw new Error('bullmq:rateLimitExceeded'); }))).outcome, 'requeue');
});

test('a result is what JSON makes of it', async () => {
  const at = new Date(0);
  assert.deepEqual((await run(processor(() => ({ at, none: undefined, nan: NaN })))).result, { at: at.toISOString(), nan: null });
  for (const value of [undefined, NaN, () => 1]) assert.equal((await run(processor(() => value))).result, null);
  const big = await run(processor(() => 1n));
  assert.deepEqual([big.outcome, big.message], ['retry', 'Do not know how to serialize a BigInt']);
});

test('the signal aborts with the reason of a cancellation, and not when the host shuts down', async () => {
  const waits = processor((job, token, signal) => new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve([signal.aborted, signal.reason]));
    setTimeout(() => resolve('not aborted'), 300);
  }));
  assert.deepEqual((await run(waits, {}, { cancelled: { reason: 'enough' } })).result, [true, 'enough']);
  assert.equal((await run(waits, {}, { cancelled: { shutdown: true } })).result, 'not aborted');
});

test('a signal that is only asked knows of a cancellation at once', async () => {
  const asks = processor((job, token, signal) => {
    signal.throwIfAborted();
    return signal instanceof AbortSignal;
  });
  assert.equal((await run(asks)).result, true);
  assert.equal((await run(asks, {}, { cancelled: { reason: 'enough' } })).message, 'enough');
});
