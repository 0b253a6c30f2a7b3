// Drizzle over `pg`.
import { and, count, eq, gt, relations, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { bigint, boolean, date, integer, jsonb, numeric, pgTable, serial, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { settled, show } from '../show.ts';

const users = pgTable('drizzle_users', {
  id: serial('id').primaryKey(),
  name: text('name').notNull().unique(),
  big: bigint('big', { mode: 'bigint' }),
  price: numeric('price'),
  isActive: boolean('is_active').default(true),
  born: date('born'),
  at: timestamp('at', { withTimezone: true }),
  plain: timestamp('plain', { mode: 'string' }),
  data: jsonb('data').$type<{ a: number[] }>(),
  key: uuid('key'),
  tags: text('tags').array(),
});
const posts = pgTable('drizzle_posts', { id: serial('id').primaryKey(), user: integer('user_id').references(() => users.id), title: text('title') });
const ofUsers = relations(users, ({ many }) => ({ posts: many(posts) }));
const ofPosts = relations(posts, ({ one }) => ({ user: one(users, { fields: [posts.user], references: [users.id] }) }));

// One connection, because the tables are temporary.
const pool = new pg.Pool({ max: 1 });

export async function handle() {
  const seen: Record<string, unknown> = {};
  const client = await pool.connect();
  const db = drizzle(client, { schema: { users, posts, ofUsers, ofPosts } });
  await db.execute(sql`CREATE TEMPORARY TABLE drizzle_users (id serial PRIMARY KEY, name text NOT NULL UNIQUE, big bigint, price numeric, is_active boolean DEFAULT true,
    born date, at timestamptz, plain timestamp, data jsonb, key uuid, tags text[])`);
  await db.execute(sql`CREATE TEMPORARY TABLE drizzle_posts (id serial PRIMARY KEY, user_id int REFERENCES drizzle_users, title text)`);
  const all = { name: 'Ada', big: 9007199254740993n, price: '1.50', born: '1815-12-10', at: new Date(1709210096789), plain: '2024-02-29 12:00:00.123', data: { a: [1, 2] }, key: '6f1c1a52-9c5e-4d0e-8f0a-000000000001', tags: ['x', 'y z'] };
  seen.inserted = show(await db.insert(users).values([all, { name: 'Bob' }]).returning());
  seen.upserted = show(await db.insert(users).values({ name: 'Bob', price: '2' }).onConflictDoUpdate({ target: users.name, set: { price: '3' } }).returning({ id: users.id, price: users.price }));
  await db.insert(posts).values([{ user: 1, title: 'first' }, { user: 1, title: 'second' }, { user: 2, title: null }]);
  seen.selected = show(await db.select().from(users).where(and(eq(users.name, 'Ada'), gt(users.big, 1n))));
  seen.joined = show(await db.select({ title: posts.title, user: users.name }).from(posts).leftJoin(users, eq(posts.user, users.id)).orderBy(posts.id));
  seen.counted = show(await db.select({ n: count() }).from(posts));
  seen.related = show(await db.query.users.findMany({ columns: { name: true }, with: { posts: { columns: { title: true } } }, orderBy: users.id }));
  const prepared = db.select({ id: users.id }).from(users).where(eq(users.name, sql.placeholder('name'))).prepare('by_name');
  seen.prepared = [show(await prepared.execute({ name: 'Ada' })), show(await prepared.execute({ name: 'Bob' }))];
  seen.updated = show((await db.update(users).set({ isActive: false }).where(eq(users.id, 1))).rowCount);
  seen.refused = await settled(db.insert(users).values({ name: 'Ada' }).catch((error) => { throw error.cause ?? error; }));
  seen.rolledBack = await settled(db.transaction(async (own) => {
    await own.insert(users).values({ name: 'Eve' });
    await own.transaction(async (nested) => { await nested.insert(users).values({ name: 'Mallory' }); nested.rollback(); }).catch(() => {});
    seen.inside = show(await own.select({ name: users.name }).from(users).orderBy(users.id));
    own.rollback();
  }));
  seen.raw = show((await db.execute(sql`SELECT name, at, big FROM drizzle_users ORDER BY id`)).rows);
  client.release();
  seen.ofPool = show(await drizzle(pool).transaction((own) => own.execute(sql`SELECT 1 AS one`), { isolationLevel: 'serializable' }).then(({ rows }) => rows));
  seen.ofConfig = show((await drizzle({ client: pool }).execute(sql`SELECT 2 AS two`)).rows);
  return seen;
}
