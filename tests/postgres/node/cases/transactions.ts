// Transactions, savepoints, and the commands of results.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { failure, settled, show } from '../show.ts';

const pool = new pg.Pool({ max: 2 });

export async function handle() {
  const seen: Record<string, unknown> = {};
  const client = await pool.connect();
  const brief = ({ command, rowCount, rows, oid }: pg.QueryResult) => show({ command, rowCount, rows, oid });
  const status: unknown[] = [];
  const run = async (text: string, values?: unknown[]) => {
    const result = await client.query(text, values).then(brief, failure);
    // An error arrives before the status that it leads to.
    await sleep(5);
    status.push((client as any).getTransactionStatus());
    return result;
  };
  seen.commands = [
    await run('CREATE TEMPORARY TABLE items (id int PRIMARY KEY, name text)'),
    await run('BEGIN ISOLATION LEVEL SERIALIZABLE'),
    await run('INSERT INTO items VALUES ($1, $2), (2, $2) RETURNING id', [1, 'a']),
    await run("UPDATE items SET name = 'b' WHERE id = 1"),
    await run('SAVEPOINT one'),
    await run('INSERT INTO items VALUES (1)'),
    await run('SELECT 1'),
    await run('ROLLBACK TO one'),
    await run('SELECT id, name FROM items ORDER BY id'),
    await run('DELETE FROM items WHERE id = $1', [2]),
    await run('COMMIT'),
    await run('SELECT id, name FROM items'),
    await run('BEGIN'),
    await run('SELECT 1 / 0'),
    await run('COMMIT'),
    await run('ROLLBACK'),
    await run('SHOW transaction_isolation'),
    await run("SET application_name = 'x'"),
    await run('EXPLAIN (COSTS OFF) SELECT 1'),
    await run('VALUES (1), (2)'),
    await run('MERGE INTO items USING (VALUES (1)) AS v(id) ON items.id = v.id WHEN MATCHED THEN DELETE'),
  ];
  seen.status = status;
  client.release();
  // What failed before does not disturb the next one.
  seen.after = await settled(pool.query('SELECT 1 AS one').then(({ rows }) => rows));

  const order: string[] = [];
  const transfer = async (name: string, fails: boolean) => {
    const own = await pool.connect();
    try {
      await own.query('BEGIN');
      await own.query('SELECT pg_advisory_xact_lock(7)');
      order.push(`${name} begins`);
      if (fails) await own.query('SELECT * FROM missing');
      await own.query('COMMIT');
    } catch (error) {
      await own.query('ROLLBACK');
      order.push(`${name} ${(error as pg.DatabaseError).code}`);
    } finally {
      own.release();
    }
  };
  await transfer('one', true);
  await transfer('two', false);
  await Promise.all([transfer('three', false), transfer('four', false), transfer('five', false)]);
  seen.order = [order.slice(0, 3), order.slice(3).sort()];
  return seen;
}
