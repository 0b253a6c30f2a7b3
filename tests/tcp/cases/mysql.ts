import mysql from 'mysql';

const account = { host: 'localhost', user: 'app', password: 'correct-horse-7531', database: 'app' };

export async function handle({ data: { mysql: port } }: { data: { mysql: number } }) {
  const results = [];
  for (const ssl of [undefined, {}]) {
    const connection = mysql.createConnection({ ...account, port, ssl });
    const query = (text: string, values: unknown[]) =>
      new Promise((resolve) => connection.query(text, values, (error, rows) => resolve(error?.code ?? rows)));
    results.push(await query('SELECT ? + 1 AS n', [1]), await query('SELECT ?? AS n', ['nothing']));
    await new Promise((resolve) => connection.end(resolve));
  }
  return results;
}
