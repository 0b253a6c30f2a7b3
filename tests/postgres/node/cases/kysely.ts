// Kysely over `pg`.
import { Kysely, PostgresDialect, sql, type Generated } from 'kysely';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { settled, show } from '../show.ts';

interface Database {
  authors: { id: Generated<number>; name: string; born: Date | null };
  books: { id: Generated<number>; author: number; title: string; tags: string[]; data: unknown };
}

// One connection, because the tables are temporary.
const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: new pg.Pool({ max: 1 }), cursor: Cursor }) });

export async function handle() {
  const seen: Record<string, unknown> = {};
  await db.connection().execute(async (db) => {
    await sql`CREATE TEMPORARY TABLE authors (id serial PRIMARY KEY, name text UNIQUE, born date)`.execute(db);
    await sql`CREATE TEMPORARY TABLE books (id serial PRIMARY KEY, author int REFERENCES authors, title text, tags text[], data jsonb)`.execute(db);
    seen.inserted = show(await db.insertInto('authors').values([{ name: 'Ada', born: new Date(Date.UTC(1815, 11, 10)) }, { name: 'Bob', born: null }]).returningAll().execute());
    seen.ignored = show(await db.insertInto('authors').values({ name: 'Ada' }).onConflict((conflict) => conflict.column('name').doNothing()).executeTakeFirst());
    seen.refused = await settled(db.insertInto('authors').values({ name: 'Ada' }).execute());
    await db.insertInto('books').values([1, 2, 3].map((n) => ({ author: 1 + (n % 2), title: `book ${n}`, tags: ['a', `n${n}`], data: JSON.stringify({ n }) }))).execute();
    seen.joined = show(await db.selectFrom('books').innerJoin('authors', 'authors.id', 'books.author').select(['title', 'name', 'tags', 'data']).orderBy('books.id').execute());
    seen.updated = show(await db.updateTable('books').set({ title: sql<string>`upper(title)` }).where('author', '=', 1).executeTakeFirst());
    seen.counted = show(await db.selectFrom('books').select(({ fn }) => [fn.countAll().as('all'), fn.max('id').as('last')]).executeTakeFirstOrThrow());
    const streamed: unknown[] = [];
    for await (const row of db.selectFrom('books').select('id').orderBy('id').stream(2)) streamed.push(row);
    seen.streamed = streamed;
    seen.deleted = show(await db.deleteFrom('books').where('id', '>', 1).executeTakeFirst());
  });
  const transaction = db.transaction().setIsolationLevel('repeatable read').execute(async (own) => {
    await sql`CREATE TEMPORARY TABLE rolled_back (n int)`.execute(own);
    throw new Error('roll it back');
  });
  seen.transaction = await settled(transaction);
  seen.isolation = show((await db.transaction().setIsolationLevel('serializable').execute((own) => sql`SHOW transaction_isolation`.execute(own))).rows);
  const controlled = await db.startTransaction().execute();
  await controlled.savepoint('one').execute();
  await controlled.rollback().execute();
  await db.destroy();
  return seen;
}
