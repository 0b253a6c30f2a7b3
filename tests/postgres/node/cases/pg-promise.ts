// `pg-promise` over `pg`.
import pgPromise from 'pg-promise';
import { settled, show } from '../show.ts';

const pgp = pgPromise({ noWarnings: true });
const db = pgp({ max: 2 });

export async function handle() {
  const seen: Record<string, unknown> = {};
  seen.one = show(await db.one('SELECT $1::int AS n, $2:name AS name FROM (VALUES (1)) AS t ("a b")', [5, 'a b']));
  seen.many = show(await db.any('SELECT generate_series(1, ${n}) AS n', { n: 3 }));
  seen.none = show(await db.oneOrNone('SELECT 1 WHERE false'));
  seen.multi = show(await db.multi('SELECT 1 AS a; SELECT 2 AS b'));
  seen.failed = await settled(db.one('SELECT 1 WHERE false').catch((error) => error.message));
  seen.transaction = show(
    await db.tx(async (own) => {
      await own.none('CREATE TEMPORARY TABLE promised (n int) ON COMMIT DROP');
      return own.batch([own.one('INSERT INTO promised VALUES (1) RETURNING n'), own.any('SELECT * FROM promised')]);
    }),
  );
  seen.prepared = show(await db.any({ name: 'of-promise', text: 'SELECT $1::text AS a', values: ['x'] }));
  return seen;
}
