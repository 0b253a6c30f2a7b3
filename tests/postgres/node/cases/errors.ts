// What fails, and how.
import pg from 'pg';
import { failure, settled, show } from '../show.ts';

const pool = new pg.Pool();

export async function handle() {
  const client = await pool.connect();
  await client.query(`CREATE TEMPORARY TABLE people (id int CONSTRAINT people_key PRIMARY KEY, age int CONSTRAINT adult CHECK (age > 17), name text NOT NULL DEFAULT 'x');
    INSERT INTO people VALUES (1, 20)`);
  const statements: [string, unknown[]?][] = [
    ['INSERT INTO people VALUES (1, 20)'],
    ['INSERT INTO people VALUES ($1, $2)', [1, 30]],
    ['INSERT INTO people VALUES ($1, $2)', [2, 3]],
    ['INSERT INTO people VALUES ($1, $2, $3)', [2, 30, null]],
    ['SELECT * FROM missing'],
    ['SELECT nme FROM people', []],
    ['SELEC 1'],
    ['SELECT $1::int', ['x']],
    ['SELECT $1::int, $2::int', [1]],
    ['SELECT 1 / $1::int', [0]],
    ["SELECT 'é' FROM missing WHERE 'é' = 'é'"],
    ['SELECT 1; SELECT 1 / 0; SELECT 2'],
    ["DO $$ BEGIN RAISE EXCEPTION 'own' USING ERRCODE = 'P1234', DETAIL = 'the detail', HINT = 'the hint'; END $$"],
    ["SELECT * FROM json_to_record('{') AS x(a int)"],
  ];
  const seen: unknown[] = [];
  for (const [text, values] of statements) {
    const error = await client.query(text, values).then(() => 'no error', (error) => error);
    seen.push([text, show(error), error instanceof pg.DatabaseError, error instanceof Error]);
  }
  const thrown = await client.query('SELECT $1', [{ toPostgres: () => { throw new TypeError('cannot be written'); } }]).catch((error) => error);
  const circular: any = { toPostgres: () => circular };
  const parser = new pg.TypeOverrides();
  parser.setTypeParser(23, () => { throw new RangeError('cannot be read'); });
  const others = [
    failure(thrown),
    await settled(client.query('SELECT $1', [circular])),
    await settled(client.query({ text: 'SELECT 1 AS a', types: parser } as any)),
    await settled(client.query('SELECT 1 AS still_works').then(({ rows }) => rows)),
  ];
  client.release();
  const doubled = await settled((async () => client.release())());
  const ended = new pg.Client();
  await ended.connect();
  await ended.end();
  const afterEnd = await settled(ended.query('SELECT 1'));
  const again = await settled(ended.connect());
  const timeout = await settled(pool.query({ text: 'SELECT pg_sleep(5)', query_timeout: 50 } as any));
  const own = await pool.connect();
  await own.query('SET statement_timeout = 50');
  const { code } = await own.query('SELECT pg_sleep(5)').catch((error) => error);
  own.release(true);
  return { seen, others, doubled, afterEnd, again, timeout, code, works: (await pool.query('SELECT 1 AS one')).rows };
}
