// One insert into PostgreSQL, the same code for Toril and for Node. The guest `postgres` of the tests is the same in Rust.
import pg from 'pg';

// In Toril, the pool `main` of the plugin's entry, which the host opens.
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

export async function insert(id: string | undefined, data: { table: string }) {
  await pool.query(`INSERT INTO ${data.table} (job, data) VALUES ($1, $2)`, [id, data]);
  return {};
}
