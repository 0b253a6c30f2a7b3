import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer, Host, plugin } from './support/postgres-host.js';

const ONE = () => [answer({ one: 23 }, [['1']], 'SELECT 1')];

/** Runs a handler's body, in which `pg` is imported, and `settled` shows how a promise ends. */
async function work(body, host = new Host(ONE), top = '') {
  const { run } = await plugin(`import pg, { Client, Pool } from 'pg';
    const settled = (promise) => promise.then((value) => value, ({ name, code, message, permanent }) => ({ name, code, message, permanent }));
    const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
    ${top}
    export const handle = async () => { ${body} };`);
  return { result: await run(host), calls: host.calls, run };
}

const host = (answers) => new Host((text) => {
  const found = Object.entries(answers).find(([begin]) => text.startsWith(begin))?.[1];
  if (found?.tag) throw found;
  return found ?? (/^(query|batch|read)/.test(text) ? ONE() : []);
});

test('a plugin with pg needs the interface of PostgreSQL, and no environment and no requests', async () => {
  const { interfaces } = await plugin("import { Pool } from 'pg'; const pool = new Pool(); export const handle = () => pool.query('SELECT 1');");
  assert.deepEqual(interfaces, ['toril:plugin/job-context@0.2.0', 'toril:plugin/postgres@0.2.0']);
});

test('an import of a type alone needs nothing', async () => {
  const { interfaces } = await plugin("import type { Pool } from 'pg'; export const handle = (): Pool | undefined => undefined;");
  assert.deepEqual(interfaces, ['toril:plugin/job-context@0.2.0']);
});

test('a query of a pool borrows a connection, and gives it back when the job waits for something else', async () => {
  const { result, calls } = await work(
    "const { rows } = await pool.query('SELECT $1::int AS one', [1]); await pool.query('SELECT 2'); await pause(); return rows;",
    undefined,
    'const pool = new Pool();',
  );
  assert.deepEqual(result, [{ one: 1 }]);
  assert.deepEqual(calls, ['connect main', 'query SELECT $1::int AS one', 'batch SELECT 2', 'release 1']);
});

test('the database of the options names the pool, and addresses have no effect', async () => {
  const named = {
    "{ host: 'db', port: 1, user: 'u', password: 'p', ssl: true }": 'main',
    "{ database: 'reports', host: 'db' }": 'reports',
    "{ connectionString: 'postgres://reports' }": 'reports',
    "{ connectionString: 'postgresql://u:p%40@db:5432/shop%20two?sslmode=require' }": 'shop two',
    "{ connectionString: 'postgres://u@db' }": 'main',
    "{ connectionString: 'postgres://u:p@[2001:db8::1]:5432/reports' }": 'reports',
    "{ connectionString: 'postgres://[::1]' }": 'main',
    '{ connectionString: undefined }': 'main',
    "'postgres:///archive'": 'archive',
    "'archive'": 'archive',
  };
  for (const [options, pool] of Object.entries(named)) {
    const { calls } = await work(`const client = new Client(${options}); await client.connect(); await client.end();`);
    assert.deepEqual(calls, [`connect ${pool}`, 'ready', 'release 1'], options);
  }
});

test('a connection string that is no URL is an error that does not quote it', async () => {
  for (const text of ['postgres://u:hunter2/x@db/reports', 'postgres://u:hunter2@one:1,two:2/reports', 'postgres://u:hunter2@[::1/reports']) {
    const { result } = await work(`try { new Client('${text}'); } catch ({ name, message }) { return { name, message }; }`);
    assert.equal(result?.name, 'TypeError', text);
    assert.match(result.message, /^the connection string is not a valid URL: write postgres:/);
    assert.doesNotMatch(result.message, /hunter2/);
  }
});

test('options of a program that it changes between two clients have effect', async () => {
  const { calls } = await work(
    `const options = { database: 'one' };
     for (const database of ['one', 'two']) {
       options.database = database;
       const client = new Client(options);
       await client.connect();
       await client.end();
     }`,
  );
  assert.deepEqual(calls.filter((call) => call.startsWith('connect')), ['connect one', 'connect two']);
});

test('settings of the session are applied once, when the client connects', async () => {
  const { calls } = await work("const client = new Client({ statement_timeout: 50, application_name: \"it's\", options: '-c a.b=c\\\\ d --geqo=off' }); await client.connect();");
  assert.equal(calls[2], "batch SELECT set_config('a.b', 'c d', false), set_config('geqo', 'off', false), set_config('application_name', 'it''s', false), set_config('statement_timeout', '50', false)");
});

test('parameters are texts, bytes and nulls', async () => {
  let sent;
  const spy = new Host((text, details) => (text.startsWith('query') ? ((sent = details), ONE()) : []));
  await work("await new Pool().query('SELECT $1', [1n, null, undefined, true, [1, 'a'], { a: 1 }, new Date(0), Buffer.from('x')]);", spy);
  const [text, values, types, isBinary] = sent;
  assert.deepEqual(values.slice(0, 6), ['1', null, null, 'true', '{"1","a"}', '{"a":1}']);
  assert.match(values[6], /^1970-01-01T/);
  assert.deepEqual([text, types, isBinary, new Uint8Array(values[7])], ['SELECT $1', undefined, false, new Uint8Array([120])]);
});

test('a missing grant and an answer that is too large are fatal, and a lost connection is not', async () => {
  const code = "return settled(new Pool().query('SELECT 1'));";
  const denied = await work(code, host({ connect: { tag: 'denied', val: 'plugin p has no PostgreSQL pool "main"' } }));
  assert.deepEqual(denied.result, { name: 'HostError', code: 'denied', message: 'the database call failed: plugin p has no PostgreSQL pool "main"', permanent: true });
  const refused = await work('return settled(new Pool().connect());', host({ ready: { tag: 'unavailable', val: 'refused' } }));
  assert.deepEqual([refused.result.code, refused.result.permanent], ['unavailable', false]);
  const late = await work(code, host({ batch: { tag: 'unavailable', val: 'refused' } }));
  assert.deepEqual([late.result.code, late.result.permanent], ['unavailable', false]);
  const large = await work(code, host({ batch: { tag: 'too-large', val: 'more than 10 rows' } }));
  assert.deepEqual([large.result.code, large.result.permanent], ['too-large', true]);
});

test('a lost connection fails its query without ending the attempt, and the next query gets another connection', async () => {
  const lost = host({ 'batch LOSE': { tag: 'unavailable', val: 'the server has closed the connection' } });
  const { result, calls } = await work(
    "const client = await pool.connect(); const first = await settled(client.query('LOSE')); const second = await settled(client.query('SELECT 1')); client.release(); return [first.code, second.message, (await pool.query('SELECT 1')).rows];",
    lost,
    'const pool = new Pool();',
  );
  assert.deepEqual(result, ['unavailable', 'Client has encountered a connection error and is not queryable', [{ one: 1 }]]);
  assert.deepEqual(calls.filter((call) => call.startsWith('connect')), ['connect main', 'connect main']);
});

test('an error of the server has the fields of pg, and a timeout is one', async () => {
  const failing = host({
    'batch DUPLICATE': { tag: 'database', val: { severity: 'ERROR', code: '23505', message: 'duplicate key', position: 7, context: 'somewhere', constraint: 'k' } },
    'batch SLOW': { tag: 'timeout', val: 'after 5 s' },
  });
  const { result } = await work(
    `const client = await new Pool().connect();
     const error = await client.query('DUPLICATE').catch((error) => error);
     const { name, code, position, where, constraint } = error;
     return [{ name, code, position, where, constraint }, error instanceof pg.DatabaseError, (await settled(client.query('SLOW'))).code, (await client.query('SELECT 1')).rows];`,
    failing,
  );
  assert.deepEqual(result, [{ name: 'error', code: '23505', position: '7', where: 'somewhere', constraint: 'k' }, true, '57014', [{ one: 1 }]]);
});

test('a query that takes longer than the program allows is cancelled', async () => {
  const slow = new Host((text) => (text === 'batch SLOW' ? new Promise(() => {}) : ONE()));
  const { result, calls } = await work("return settled(new Pool().query({ text: 'SLOW', query_timeout: 10 }));", slow);
  assert.equal(result.message, 'Query read timeout');
  assert.ok(calls.includes('release 1'));
});

test('rows are read in portions, and the portal is closed', async () => {
  let left = 5;
  const portions = new Host((text) => {
    const wanted = Number(/^read (\d+)/.exec(text)?.[1] ?? 0);
    const rows = Array.from({ length: Math.min(wanted, left) }, () => ['1']);
    left -= rows.length;
    return wanted ? [answer({ one: 23 }, rows, rows.length < wanted ? `SELECT ${rows.length}` : '')] : ONE();
  });
  const { result, calls } = await work(
    `const client = await new Pool().connect();
     const cursor = client.query(new Cursor('SELECT', []));
     await pause();
     const lengths = [];
     for (let rows = await cursor.read(2); rows.length > 0; rows = await cursor.read(2)) lengths.push(rows.length);
     return [lengths, (await client.query('SELECT 1')).rows];`,
    portions,
    `import Cursor from ${JSON.stringify(new URL('../node_modules/pg-cursor/index.js', import.meta.url).pathname)};`,
  );
  assert.deepEqual(result, [[2, 2, 1], [{ one: 1 }]]);
  // The interface tells the columns with the rows, so one row is read ahead.
  assert.deepEqual(calls.slice(2), ['cursor SELECT', 'read 1', 'read 1', 'read 2', 'read 2', 'close cursor', 'batch SELECT 1']);
});

test('a portion that the host limits is read to its end', async () => {
  let left = 5;
  const limited = new Host((text) => {
    const wanted = Math.min(Number(/^read (\d+)/.exec(text)?.[1] ?? 0), 2);
    const rows = Array.from({ length: Math.min(wanted, left) }, () => ['1']);
    left -= rows.length;
    return wanted ? [answer({ one: 23 }, rows, rows.length < wanted ? `SELECT ${rows.length}` : '')] : ONE();
  });
  const { result, calls } = await work(
    `const client = await new Pool().connect();
     const cursor = client.query(new Cursor('SELECT', []));
     return [(await cursor.read(4)).length, (await cursor.read(4)).length, (await cursor.read(4)).length];`,
    limited,
    `import Cursor from ${JSON.stringify(new URL('../node_modules/pg-cursor/index.js', import.meta.url).pathname)};`,
  );
  assert.deepEqual(result, [4, 1, 0]);
  assert.deepEqual(calls.slice(3), ['read 4', 'read 2', 'read 4', 'close cursor']);
});

test('a pool of an instance that runs a second job borrows a new connection', async () => {
  const { run } = await work("return (await pool.query('SELECT 1')).rows;", undefined, 'const pool = new Pool();');
  const second = new Host(ONE);
  second.ended = 1;
  assert.deepEqual(await run(second), [{ one: 1 }]);
  assert.deepEqual(second.calls.slice(0, 2), ['connect main', 'batch SELECT 1']);
});

test('a client of an earlier job has ended before the handler of the next one runs, and its queries stay open', async () => {
  const top = `const clients = [], events = [];
    async function connected() {
      const client = new Client();
      clients.push(client);
      await client.connect();
      client.on('error', ({ code }) => events.push(code));
      return client;
    }`;
  const slow = new Host((text) => (text === 'batch SLOW' ? new Promise(() => {}) : ONE()));
  const { result, run } = await work(
    `if (clients.length > 0) return { seen: [...events], last: await settled(clients[0].query('SELECT 1')) };
     const client = await connected();
     client.query('SLOW');
     return 'the query runs';`,
    slow,
    top,
  );
  assert.equal(result, 'the query runs');
  const second = new Host(ONE);
  second.ended = 1;
  const { seen, last } = await run(second);
  assert.equal(seen[0], 'unavailable');
  assert.equal(last.message, 'Client has encountered a connection error and is not queryable');
  assert.deepEqual(second.calls, ['release 1']);
});

test('a client of a pool that is not pg\'s is replaced in the next job', async () => {
  // As Knex does it.
  const top = `let kept;
    async function acquire() {
      if (kept && !kept.disposed) return kept;
      kept = new Client();
      await kept.connect();
      kept.on('error', (error) => (kept.disposed = error));
      return kept;
    }`;
  const { result, run } = await work("return (await (await acquire()).query('SELECT 1')).rows;", undefined, top);
  assert.deepEqual(result, [{ one: 1 }]);
  const second = new Host(ONE);
  second.ended = 1;
  assert.deepEqual(await run(second), [{ one: 1 }]);
});

test('other packages get the same pg, and its own modules', async () => {
  const { result } = await work(
    "return [types === pg.types, DatabaseError === pg.DatabaseError, new OtherPool() instanceof pg.Pool, Result === pg.Result, prepareValue([1]), pg.native, required.Client === Client];",
    undefined,
    `import types from 'pg-types'; import { DatabaseError } from 'pg-protocol'; import Result from 'pg/lib/result'; import { prepareValue } from 'pg/lib/utils.js';
     const OtherPool = pg.Pool; const required = require('pg');`,
  );
  assert.deepEqual(result, [true, true, true, true, '{"1"}', null, true]);
});
