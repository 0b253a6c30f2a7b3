// Every form of a query.
import pg from 'pg';
import { settled, show } from '../show.ts';

const pool = new pg.Pool();

const withCallback = (run: (done: (error: unknown, result?: unknown) => void) => unknown) =>
  new Promise((resolve, reject) => run((error, result) => (error ? reject(error) : resolve(result))));

export async function handle() {
  const client = await pool.connect();
  const seen: Record<string, unknown> = {};
  try {
    seen.text = show((await client.query('SELECT 1 AS one, NULL AS nothing')).rows);
    seen.values = show((await client.query('SELECT $1::text AS a, $2::int + 1 AS b', ['x', 41])).rows);
    seen.emptyValues = show((await client.query('SELECT 2 AS two', [])).rows);
    seen.config = show((await client.query({ text: 'SELECT $1::text AS a', values: ['y'] })).rows);
    seen.configAndValues = show((await client.query({ text: 'SELECT $1::text AS a' }, ['z'])).rows);
    seen.array = show((await client.query({ text: 'SELECT 1 AS a, 2 AS a', rowMode: 'array' })).rows);
    seen.sameName = show((await client.query('SELECT 1 AS a, 2 AS a')).rows);
    seen.callback = show(((await withCallback((done) => client.query('SELECT 3 AS c', done))) as pg.QueryResult).rows);
    seen.callbackAndValues = show(((await withCallback((done) => client.query('SELECT $1::int AS c', [4], done))) as pg.QueryResult).rows);
    const named = { name: 'by-name', text: 'SELECT $1::int * 2 AS double' };
    seen.named = [
      show((await client.query({ ...named, values: [2] })).rows),
      show((await client.query({ ...named, values: [3] })).rows),
      show((await client.query({ name: 'by-name', values: [4] } as pg.QueryConfig)).rows),
      await settled(client.query({ name: 'by-name', text: 'SELECT 1', values: [1] })),
    ];
    seen.extended = show((await client.query({ text: 'SELECT 5 AS five', queryMode: 'extended' } as pg.QueryConfig)).rows);
    seen.rows = show((await client.query({ text: 'SELECT generate_series(1, 5) AS n', rows: 2 } as pg.QueryConfig)).rows);
    const several = (await client.query('SELECT 1 AS a; SELECT 2 AS b, 3 AS c; CREATE TEMPORARY TABLE t (n int); INSERT INTO t VALUES (1), (2)')) as any;
    seen.several = several.map(({ command, rowCount, rows }: pg.QueryResult) => show({ command, rowCount, rows }));
    const nothing = await client.query('');
    seen.empty = show({ command: nothing.command, rowCount: nothing.rowCount, rows: nothing.rows, fields: nothing.fields });
    seen.comment = show((await client.query('-- nothing')).rows);
    seen.emptyExtended = show((await client.query({ text: '', queryMode: 'extended' } as pg.QueryConfig)).rows);
    seen.notAnArray = await settled(client.query('SELECT $1', 'x' as any));
    seen.noText = await settled(client.query({} as any));
    seen.nullQuery = await settled((async () => client.query(null as any))());
    const query = new pg.Query('SELECT generate_series(1, 3) AS n');
    const rows: unknown[] = [];
    query.on('row', (row) => rows.push(row));
    const ended = new Promise((resolve, reject) => query.on('end', resolve).on('error', reject));
    client.query(query);
    seen.submittable = show({ rows, kept: ((await ended) as pg.QueryResult).rows.length });
    const together = [1, 2, 3].map((n) => client.query('SELECT $1::int AS n', [n]));
    seen.queued = (await Promise.all(together)).map(({ rows }) => show(rows));
  } finally {
    client.release();
  }
  seen.ofPool = show((await pool.query('SELECT $1::text AS a', ['pool'])).rows);
  seen.ofPoolCallback = show(((await withCallback((done) => pool.query('SELECT 1 AS a', done))) as pg.QueryResult).rows);
  const many = Array.from({ length: 25 }, (_, n) => pool.query('SELECT $1::int AS n', [n]));
  seen.many = (await Promise.all(many)).map(({ rows }) => rows[0].n);
  return seen;
}
