import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { run } from '@toril/plugin/testing';
import pg from 'pg';
import * as plugin from '../orders/plugin.ts';

const ORDER = { customer: 'Ada', items: [{ sku: 'tea', quantity: 2 }] };

/** Replaces the connections of the pool. `answer` gets each statement, and returns rows or throws. */
function withDatabase(answer: (text: string) => object[]) {
  const statements: string[] = [];
  const client = {
    release() {},
    async query(text: string) {
      statements.push(text.split(' ').slice(0, 3).join(' '));
      const rows = answer(text);
      // A step is finished by changing its row.
      const rowCount = text.startsWith('UPDATE toril_steps') ? 1 : rows.length;
      return { rows, rowCount, command: text.split(' ')[0] };
    },
  };
  mock.method(pg.Pool.prototype, 'connect', async () => client);
  return statements;
}

afterEach(() => mock.restoreAll());

const numbered = (text: string) => (/RETURNING/.test(text) ? [{ number: 7 }] : []);

test('an order is stored in one transaction with its step, and its confirmation is a job', async () => {
  const statements = withDatabase(numbered);
  const { result, added } = await run(plugin, { name: 'store', data: ORDER });
  assert.deepEqual(result, { number: 7, customer: 'Ada' });
  assert.deepEqual(statements, [
    'BEGIN ISOLATION LEVEL',
    'INSERT INTO toril_steps',
    'INSERT INTO orders',
    'UPDATE stock SET',
    'INSERT INTO order_items',
    'UPDATE toril_steps SET',
    'COMMIT',
  ]);
  assert.deepEqual(added.map(({ queue, id }) => [queue, id]), [['mails', 'order-7']]);
});

test('a later attempt only adds the job again', async () => {
  const statements = withDatabase((text) => (text.startsWith('SELECT') ? [{ result: '{"number":7,"customer":"Ada"}' }] : []));
  const { result, added } = await run(plugin, { name: 'store', data: ORDER, attempt: 2 });
  assert.deepEqual(result, { number: 7, customer: 'Ada' });
  assert.deepEqual(statements, ['BEGIN ISOLATION LEVEL', 'INSERT INTO toril_steps', 'SELECT result::text FROM', 'ROLLBACK']);
  assert.equal(added[0].id, 'order-7');
});

test('an order that the stock cannot serve fails for good, and a lost connection does not', async () => {
  const failing = (error: Error) =>
    withDatabase((text) => {
      if (text.startsWith('UPDATE stock')) throw error;
      return numbered(text);
    });
  const outcome = async () => (await run(plugin, { name: 'store', data: ORDER })).outcome;
  failing(Object.assign(new pg.DatabaseError('violates check constraint "in_stock"', 1, 'error'), { code: '23514' }));
  assert.equal(await outcome(), 'fatal');
  failing(new Error('Connection terminated unexpectedly'));
  assert.equal(await outcome(), 'retry');
});
