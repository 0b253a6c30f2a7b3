import mariadb from 'mariadb';

const account = { host: 'localhost', user: 'app', password: 'correct-horse-7531', database: 'app' };

export async function handle({ data: { mysql: port } }: { data: { mysql: number } }) {
  const results = [];
  for (const ssl of [false, true]) {
    const pool = mariadb.createPool({ ...account, port, ssl, connectionLimit: 2 });
    results.push(await pool.query('SELECT ? + 1 AS n', [1]), await pool.execute('SELECT ? AS text', ['grüße']));
    results.push(await pool.query('SELECT nothing').catch(({ code, errno }) => [code, errno]));
    await pool.end();
  }
  return results;
}
