import mysql, { type ConnectionOptions, type Pool } from 'mysql2/promise';

type Data = { mysql: number; run: string };

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    ({ code, errno, sqlState, message }) => ({ code, errno, sqlState, message }),
  );

async function used(pool: Pool, table: string) {
  await pool.query(`CREATE TABLE ${table} (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40) UNIQUE, price DECIMAL(10,2),
    at DATETIME(3), doc JSON, raw BLOB, big BIGINT)`);
  const at = new Date('2024-02-29T12:34:56.789Z');
  const row = ['grüße', '12.50', at, JSON.stringify({ a: [1] }), Buffer.from([0, 255]), '9007199254740993'];
  const insert = `INSERT INTO ${table} (name, price, at, doc, raw, big) VALUES (?, ?, ?, ?, ?, ?)`;
  const [{ insertId, affectedRows }] = (await pool.execute(insert, row)) as [{ insertId: number; affectedRows: number }, unknown];
  const double = await failure(pool.execute(insert, row));
  const connection = await pool.getConnection();
  await connection.beginTransaction();
  await connection.query('INSERT INTO ?? (name) VALUES ?', [table, [['b'], ['c'], ['d']]]);
  const [[inside]] = (await connection.query(`SELECT COUNT(*) AS count FROM ${table}`)) as [[{ count: number }], unknown];
  await connection.rollback();
  connection.release();
  const [[read]] = (await pool.execute(`SELECT * FROM ${table} WHERE id = ?`, [insertId])) as [[{ raw: Buffer }], unknown];
  const [large] = (await pool.query('SELECT REPEAT("x", 3000000) AS text')) as unknown as [[{ text: string }], unknown];
  const many = await Promise.all([1, 2, 3, 4, 5].map((n) => pool.query('SELECT ? + 1 AS n', [n])));
  let streamed = 0;
  const raw = await pool.getConnection();
  for await (const _ of raw.connection.query('SELECT seq FROM seq_1_to_5000').stream()) streamed += 1;
  raw.release();
  await pool.query(`DROP TABLE ${table}`);
  return {
    insertId,
    affectedRows,
    double,
    inside,
    read: { ...read, raw: [...read.raw] },
    large: large[0].text.length,
    many: many.map(([rows]) => rows),
    streamed,
    wrong: await failure(pool.query('SELECT * FROM nothing')),
  };
}

export async function handle({ data: { mysql: port, run } }: { data: Data }) {
  const account = { host: 'localhost', port, user: 'app', password: 'correct-horse-7531', database: 'app', timezone: 'Z' };
  const results: unknown[] = [];
  const ways: ConnectionOptions[] = [{}, { ssl: {} }, { compress: true }];
  for (const [index, options] of ways.entries()) {
    const pool = mysql.createPool({ ...account, ...options, connectionLimit: 3, supportBigNumbers: true });
    results.push(await used(pool, `${run}_${index}`));
    const [[status]] = (await pool.query("SHOW STATUS LIKE 'Ssl_version'")) as unknown as [[{ Value: string }], unknown];
    results.push(status.Value !== '');
    await pool.end();
  }
  results.push(await failure(mysql.createConnection({ ...account, password: 'wrong' })));
  return results;
}
