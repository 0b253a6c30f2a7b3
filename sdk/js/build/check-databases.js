// Finds the pools of PostgreSQL connections that a processor uses: `new Pool()` and `new Client()` of `pg`.
import ConnectionParameters from '../pg/parameters.cjs';

/** Modules that use `pg`. */
const CLIENTS = new Set(['drizzle-orm/node-postgres', 'pg', 'pg-pool', 'pg-promise']);
const TYPES = new Set(['Pool', 'Client']);
/** Options that have no effect, because the host knows the address and the password. */
const IGNORED = new Set(['host', 'port', 'user', 'password', 'ssl']);

export const isDatabaseClient = (name) => CLIENTS.has(name);

/** Reports a pool or client that a node makes. `isImported`: whether its file imports `pg`. */
export function databases(ts, node, at, report, isImported) {
  if (!isImported || !ts.isNewExpression(node)) return;
  const type = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : node.expression.text;
  if (!TYPES.has(type)) return;
  const [options] = node.arguments ?? [];
  const name = poolOf(ts, options);
  report.grant('postgres', name, at(node, name === undefined ? 'a pool whose name is computed' : `the pool ${name}`));
  const ignored = (options?.properties ?? []).map(({ name }) => name?.text).filter((option) => IGNORED.has(option));
  if (ignored.length > 0) {
    const why = `without effect: ${ignored.join(', ')}. queues.toml has the address of the pool`;
    report.works.push(at(node, `new ${type}()`, why));
  }
}

/** The name of the pool, `undefined` if it is computed. */
function poolOf(ts, options) {
  if (options === undefined) return new ConnectionParameters().database;
  if (ts.isStringLiteralLike(options)) return new ConnectionParameters(options.text).database;
  if (!ts.isObjectLiteralExpression(options)) return undefined;
  const given = {};
  for (const property of options.properties) {
    const key = property.name?.text;
    if (property.name === undefined) return undefined;
    if (key !== 'database' && key !== 'connectionString') continue;
    const value = ts.isPropertyAssignment(property) ? property.initializer.text : undefined;
    if (value === undefined || !ts.isStringLiteralLike(property.initializer)) return undefined;
    given[key] = value;
  }
  return new ConnectionParameters(given).database;
}

/** The lines of queues.toml for pools. */
export const databaseLines = (pools) =>
  (pools.length > 0 ? pools : ['main']).map((pool) => {
    const variable = pool === 'main' ? 'DATABASE_URL' : `${pool.toUpperCase().replace(/\W/g, '_')}_DATABASE_URL`;
    return `postgres.${/^[\w-]+$/.test(pool) ? pool : JSON.stringify(pool)}.url = "env:${variable}"`;
  });
