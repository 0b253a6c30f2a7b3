// Knex over `pg`.
import knex from 'knex';
import { settled, show } from '../show.ts';

export async function handle() {
  const seen: Record<string, unknown> = {};
  // One connection, because the table is temporary.
  const db = knex({ client: 'pg', connection: {}, pool: { min: 0, max: 1 } });
  await db.raw('CREATE TEMPORARY TABLE knex_items (id serial PRIMARY KEY, name text UNIQUE, data jsonb, tags text[])');
  const items = [{ name: 'a', data: { n: 1 }, tags: ['x'] }, { name: 'b', data: null, tags: [] }];
  seen.inserted = show(await db('knex_items').insert(items).returning('*'));
  seen.merged = show(await db('knex_items').insert({ name: 'a', tags: ['y'] }).onConflict('name').merge().returning(['id', 'tags']));
  seen.selected = show(await db('knex_items').whereIn('name', ['a', 'b']).orderBy('id', 'desc').select('id', 'name'));
  seen.raw = show((await db.raw('SELECT ?::int AS n, ? AS text', [1, "it's"])).rows);
  seen.refused = await settled(db('knex_items').insert({ name: 'a' }).then(() => 'stored'));
  seen.transaction = show(
    await db.transaction(async (own) => {
      await own('knex_items').insert({ name: 'c' });
      await own.transaction(async (nested) => {
        await nested('knex_items').del();
        throw new Error('only the inner one');
      }).catch(() => {});
      return own('knex_items').count('* as n');
    }),
  );
  const streamed: unknown[] = [];
  for await (const row of db('knex_items').select('name').orderBy('id').stream()) streamed.push(row);
  seen.streamed = streamed;
  await db.destroy();
  return seen;
}
