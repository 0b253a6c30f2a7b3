import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ensureStepsTable, once } from '@toril/plugin';
import { run } from '@toril/plugin/testing';

/** A pool that keeps steps as the table does. `fail` makes statements fail that begin with a text. */
class Database {
  steps = new Map();
  statements = [];
  released = [];
  #open = new Map();
  #transaction = 0;

  constructor(fail = {}) {
    this.fail = fail;
  }

  async connect() {
    return this;
  }

  release(error) {
    this.released.push(error);
  }

  async query(text, values = []) {
    const [command] = text.split(' ');
    this.statements.push(command);
    const failure = Object.entries(this.fail).find(([begin]) => text.startsWith(begin))?.[1];
    if (failure) throw failure;
    const key = values.slice(0, 4).join();
    if (command === 'BEGIN') this.#begin();
    if (command === 'INSERT') {
      if (this.steps.has(key)) return { rows: [], rowCount: 0, command };
      this.#open.set(key, null);
      return { rows: [{ transaction: String(this.#transaction) }], rowCount: 1, command };
    }
    if (command === 'UPDATE') {
      if (values[5] !== String(this.#transaction)) return { rows: [], rowCount: 0, command };
      this.#open.set(key, values[4]);
    }
    if (command === 'COMMIT') {
      for (const step of this.#open) this.steps.set(...step);
      this.#begin();
    }
    const rows = command === 'SELECT' && this.steps.has(key) ? [{ result: this.steps.get(key) }] : [];
    return { rows, rowCount: 1, command };
  }

  #begin() {
    this.#open.clear();
    this.#transaction += 1;
  }
}

const attempt = (database, step, job = {}) => run({ handle: () => once(database, 'charge', step) }, { addedAt: 5, ...job });

test('a step runs once for a job, and later attempts get its result', async () => {
  const database = new Database();
  let runs = 0;
  const step = async () => ({ run: (runs += 1), at: new Date(0) });
  const stored = { run: 1, at: '1970-01-01T00:00:00.000Z' };
  assert.deepEqual((await attempt(database, step)).result, stored);
  assert.deepEqual((await attempt(database, step, { attempt: 2 })).result, stored);
  assert.equal(runs, 1);
  assert.deepEqual([...database.steps.keys()], ['test,1,5,charge']);
  // The same id, used again for another job.
  assert.equal((await attempt(database, step, { addedAt: 6 })).result.run, 2);
});

test('a step that fails is rolled back, and runs again', async () => {
  const database = new Database();
  const failing = await attempt(database, () => { throw new Error('no'); });
  assert.deepEqual([failing.outcome, failing.message], ['retry', 'no']);
  assert.deepEqual(database.statements, ['BEGIN', 'INSERT', 'ROLLBACK']);
  assert.deepEqual(database.released, [undefined]);
  assert.equal((await attempt(database, () => undefined)).result, null);
});

test('a connection that cannot be rolled back is not used again', async () => {
  const lost = new Error('lost');
  const database = new Database({ ROLLBACK: lost });
  assert.equal((await attempt(database, () => { throw new Error('no'); })).message, 'no');
  assert.deepEqual(database.released, [lost]);
});

test('a missing table is named with the function that creates it', async () => {
  const database = new Database({ INSERT: Object.assign(new Error('relation "toril_steps" does not exist'), { code: '42P01' }) });
  assert.match((await attempt(database, () => 1)).message, /^the table toril_steps does not exist: .*ensureStepsTable\(pool\)/);
});

test('a commit that rolls back fails the step', async () => {
  const database = new Database();
  const query = database.query.bind(database);
  database.query = async (text, values) => (text === 'COMMIT' ? { rows: [], rowCount: null, command: 'ROLLBACK' } : query(text, values));
  assert.match((await attempt(database, () => 1)).message, /was rolled back/);
});

test('a function that ends the transaction of its step fails, and so does every later attempt', async () => {
  const database = new Database();
  const committing = (client) => client.query('COMMIT').then(() => 7);
  const first = await attempt(database, committing);
  assert.equal(first.outcome, 'fatal');
  assert.match(first.message, /^the function of the step `charge` has ended the transaction of the step: .* use savepoints/);
  // The step is committed without a result, which is not the result null.
  const second = await attempt(database, () => 8, { attempt: 2 });
  assert.equal(second.outcome, 'fatal');
  assert.match(second.message, /^the step `charge` has no result in toril_steps: an earlier attempt has ended the transaction/);
});

test('a step that is deleted while an attempt waits for it is no result', async () => {
  const database = new Database();
  await attempt(database, () => 1);
  const query = database.query.bind(database);
  database.query = async (text, values) => {
    if (text.startsWith('SELECT')) database.steps.clear();
    return query(text, values);
  };
  const late = await attempt(database, () => 1);
  assert.equal(late.outcome, 'retry');
  assert.match(late.message, /was deleted from toril_steps/);
});

test('the table is created only if it does not exist', async () => {
  const statements = [];
  const pool = (exists) => ({ query: async (text) => (statements.push(text), { rows: [{ exists }] }) });
  await ensureStepsTable(pool(true));
  assert.equal(statements.length, 1);
  await ensureStepsTable(pool(false));
  assert.match(statements[2], /CREATE TABLE IF NOT EXISTS toril_steps/);
});

test('a step needs a job, a name and a function', async () => {
  const database = new Database();
  const wrong = (...values) => run({ handle: () => once(database, ...values) });
  assert.match((await wrong('', () => 1)).message, /name of a step/);
  assert.match((await wrong('charge')).message, /needs a function/);
});
