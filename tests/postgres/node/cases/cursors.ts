// Large results in portions: `pg-cursor` and `pg-query-stream`.
import pg from 'pg';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { settled, show } from '../show.ts';

const pool = new pg.Pool();
const SERIES = 'SELECT n, n * 2 AS double FROM generate_series(1, $1::int) AS n';

export async function handle() {
  const seen: Record<string, unknown> = {};
  const client = await pool.connect();
  const cursor = client.query(new Cursor(SERIES, [5]));
  seen.portions = [show(await cursor.read(2)), show(await cursor.read(2)), show(await cursor.read(2)), show(await cursor.read(2))];
  await cursor.close();
  const late = client.query(new Cursor(SERIES, [5]));
  await new Promise((resolve) => setTimeout(resolve, 30));
  seen.late = [show(await late.read(3)), show(await late.read(100)), show(await late.read(100))];
  const closed = client.query(new Cursor(SERIES, [1000000]));
  seen.closed = (await closed.read(3)).length;
  await closed.close();
  seen.afterClose = show((await client.query('SELECT 1 AS a')).rows);
  const array = client.query(new Cursor('SELECT 1 AS a, 2 AS b', [], { rowMode: 'array' }));
  seen.array = show(await array.read(10));
  await array.close();
  const result = await new Promise((resolve, reject) => {
    const own = client.query(new Cursor(SERIES, [3]));
    own.read(10, (error, rows, { fields, command, rowCount }) =>
      error ? reject(error) : resolve({ rows: rows.length, fields: fields.map(({ name }) => name), command, rowCount }),
    );
  });
  seen.callback = result;
  const none = client.query(new Cursor('CREATE TEMPORARY TABLE numbers (n int)'));
  seen.noRows = show(await none.read(10));
  const returning = client.query(new Cursor('INSERT INTO numbers SELECT generate_series(1, 4) RETURNING n'));
  seen.returning = [show(await returning.read(3)), show(await returning.read(3))];
  await returning.close();
  const wrong = client.query(new Cursor('SELECT * FROM missing'));
  seen.wrong = [await settled(wrong.read(1)), await settled(wrong.read(1))];
  const later = client.query(new Cursor('SELECT 1 / (3 - n) AS q FROM generate_series(1, 5) AS n'));
  seen.later = [await settled(later.read(2)), await settled(later.read(2))];
  seen.afterErrors = show((await client.query('SELECT 1 AS a')).rows);

  await client.query('BEGIN');
  const inside = client.query(new Cursor(SERIES, [3]));
  seen.inside = show(await inside.read(2));
  await inside.close();
  seen.sameTransaction = show((await client.query('SELECT count(*)::int AS n FROM numbers')).rows);
  await client.query('COMMIT');

  let sum = 0;
  for await (const { n } of client.query(new QueryStream(SERIES, [1234], { batchSize: 100 }))) sum += n;
  seen.stream = sum;
  const first: number[] = [];
  for await (const { n } of client.query(new QueryStream(SERIES, [1000], { highWaterMark: 10 }))) {
    first.push(n);
    if (n === 25) break;
  }
  seen.left = first.length;
  seen.afterStream = show((await client.query('SELECT 1 AS a')).rows);
  const failing = client.query(new QueryStream('SELECT 1 / (50 - n) AS q FROM generate_series(1, 100) AS n', [], { batchSize: 10 }));
  let read = 0;
  seen.failing = await settled((async () => { for await (const row of failing) read += row.q === undefined ? 0 : 1; })());
  client.release();
  return seen;
}
