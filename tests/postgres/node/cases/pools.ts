// Pools: events, limits, ends.
import pg, { Pool } from 'pg';
import { settled, show } from '../show.ts';

/** Resolves when the pool has removed two clients. */
const removedTwo = (pool: Pool) =>
  new Promise<void>((resolve) => {
    pool.once('remove', () => pool.once('remove', () => resolve()));
  });

export async function handle() {
  const seen: Record<string, unknown> = {};
  const pool = new Pool({ max: 2 });
  const events: string[] = [];
  for (const name of ['connect', 'acquire', 'release', 'remove'] as const) pool.on(name, () => events.push(name));
  const counts = () => [pool.totalCount, pool.idleCount, pool.waitingCount];
  seen.before = counts();
  const one = await pool.connect();
  const two = await pool.connect();
  seen.full = counts();
  const third = pool.connect();
  seen.waiting = counts();
  one.release();
  const three = await third;
  seen.reused = three === one;
  // Only now, because opening a connection can take longer.
  pool.options.connectionTimeoutMillis = 300;
  seen.late = await settled(pool.connect());
  const removed = removedTwo(pool);
  two.release(new Error('broken'));
  three.release();
  await pool.end();
  seen.ended = [counts(), pool.ended, pool.ending];
  await removed;
  seen.events = events;
  seen.afterEnd = [await settled(pool.query('SELECT 1')), await settled(pool.end())];

  const withHooks = new Pool({ max: 1, onConnect: (client: pg.PoolClient) => client.query("SET search_path = 'pg_catalog'") } as any);
  seen.onConnect = show((await withHooks.query('SHOW search_path')).rows);
  const used = new Pool({ max: 1, maxUses: 1 });
  const removedUsed = removedTwo(used);
  await used.query('SELECT 1');
  await used.query('SELECT 1');
  await removedUsed;
  const configured = new pg.Client({ statement_timeout: 1234, lock_timeout: 99, idle_in_transaction_session_timeout: 7777, application_name: 'a case', options: '-c geqo=off --work_mem=1MB -c DateStyle=ISO,\\ DMY' } as any);
  await configured.connect();
  const settings = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'application_name', 'geqo', 'work_mem', 'DateStyle'];
  seen.settings = (await configured.query(settings.map((name) => `SHOW ${name}`).join('; ')) as any).map(({ rows }: any) => rows[0]);
  await configured.end();
  const callback = await new Promise((resolve, reject) => {
    const own = new Pool();
    own.connect((error, client, release) => {
      if (error || !client) return reject(error);
      client.query('SELECT 1 AS a', (failed, result) => {
        release();
        failed ? reject(failed) : resolve(result.rows);
      });
    });
  });
  seen.callback = callback;
  seen.exports = Object.keys(pg).filter((name) => name !== '_pools').sort();
  seen.native = pg.native === null;
  return seen;
}
