// Values to the server and back.
import pg from 'pg';
import { settled, show } from '../show.ts';

const pool = new pg.Pool();

const VALUES = [
  'true', "'t'::char", '1::int2', '1::int4', '9007199254740993::int8', '1.5::float4', '0.1::float8', "'NaN'::float8", "'-Infinity'::float8",
  '123456789.123456789::numeric', "'naïve ✓ 😀'::text", "'abc'::varchar(10)", "'ab'::bpchar(4)", "'\\xdeadbeef'::bytea", "''::bytea",
  "'6f1c1a52-9c5e-4d0e-8f0a-000000000001'::uuid", "'2024-02-29'::date", "'2024-02-29 12:34:56.789012'::timestamp",
  "'2024-02-29 12:34:56.789+02'::timestamptz", "'infinity'::timestamptz", "'0044-03-15 BC'::date", "'12:34:56.5'::time", "'12:34+02'::timetz",
  "'1 year 2 mons 3 days 04:05:06.789'::interval", "'-1 day'::interval", `'{"b": 1, "a": [true, null]}'::json`, `'{"b": 1, "a": [true, null]}'::jsonb`, "'null'::jsonb",
  "'{1,2,NULL}'::int4[]", "'{{1,2},{3,4}}'::int4[]", "'{9007199254740993}'::int8[]", "'{t,f}'::bool[]", `'{a,"b c","d,\\"e",NULL,"NULL"}'::text[]`,
  "'{1.5,2}'::float8[]", "'{1.50}'::numeric[]", "ARRAY['2024-01-01'::date]", "ARRAY['2024-01-01 00:00+00'::timestamptz]", "ARRAY['\\x01'::bytea]",
  `ARRAY['{"a":1}'::jsonb]`, "'(1,2)'::point", "'<(1,2),3>'::circle", "'[1,5)'::int4range", "'192.168.0.1/24'::inet", "'$1.50'::money", "'101'::bit(3)",
  "'a=>1'::text", "'pg_class'::regclass", "row(1, 'x')", "'{}'::int4[]", 'NULL::int4',
];

const PARAMETERS: [string, unknown][] = [
  ['text', 'x'], ['text', ''], ['text', 'lone \ud800 surrogate'], ['text', 42], ['text', true], ['text', null], ['text', undefined], ['int8', 9007199254740993n], ['int4', '7'],
  ['float8', 0.1], ['float8', NaN], ['numeric', '1.10'], ['bool', false], ['bytea', Buffer.from([0, 1, 255])], ['bytea', new Uint8Array([1, 2])],
  ['bytea', new Uint16Array([258])], ['timestamptz', new Date(1709210096789)], ['date', new Date(0)], ['timestamptz', new Date(-62198755200000)], ['json', { a: [1, null] }],
  ['jsonb', { toJSON: () => ({ made: 1 }) }], ['jsonb', JSON.stringify([1, 2])], ['int4[]', [1, null, 3]], ['text[]', ['a "b"', 'c,d', 'e\\f', '', null]], ['int4[]', [[1, 2], [3, 4]]],
  ['bytea[]', [Buffer.from('x')]], ['timestamptz[]', [new Date(0)]], ['text[]', []], ['jsonb[]', [{ a: 1 }]], ['text', { toPostgres: () => 'made' }],
  ['text', { toPostgres: (prepare: (value: unknown) => string) => prepare([1]) }], ['uuid', '6f1c1a52-9c5e-4d0e-8f0a-000000000001'], ['interval', '1 hour'], ['text', Symbol.iterator.toString()],
];

export async function handle() {
  const seen: Record<string, unknown> = {};
  const { rows: [row], fields } = await pool.query({ text: `SELECT ${VALUES.join(', ')}`, rowMode: 'array' });
  seen.values = row.map((value: unknown, place: number) => [VALUES[place], fields[place].dataTypeID, show(value)]);
  const sent = [];
  for (const [type, value] of PARAMETERS) sent.push([type, await settled(pool.query(`SELECT $1::${type} AS value`, [value]).then(({ rows }) => rows[0].value))]);
  seen.parameters = sent;
  seen.fields = show((await pool.query('SELECT relname, oid, relnatts, 1::numeric(10,2) AS n FROM pg_class LIMIT 0')).fields.map(({ name, dataTypeID, dataTypeSize, dataTypeModifier, format, columnID, tableID }) => ({ name, dataTypeID, dataTypeSize, dataTypeModifier, format, columnID, tableID })));

  const { types, TypeOverrides } = pg;
  seen.builtins = [types.builtins.INT8, types.builtins.JSONB, typeof types.getTypeParser(20)];
  const before = types.getTypeParser(20);
  types.setTypeParser(20, (text) => BigInt(text));
  seen.bigint = show((await pool.query('SELECT 9007199254740993 AS n')).rows);
  types.setTypeParser(20, before);
  const overrides = new TypeOverrides();
  overrides.setTypeParser(25, (text: string) => text.toUpperCase());
  seen.overrides = show((await pool.query({ text: "SELECT 'x'::text AS a", types: overrides } as any)).rows);
  const client = new pg.Client({ types: { getTypeParser: () => (text: string) => `raw ${text}` } } as any);
  await client.connect();
  seen.ofClient = show((await client.query('SELECT 1 AS a, now() IS NULL AS b')).rows);
  await client.end();
  const own = await pool.connect();
  own.setTypeParser(23, (text: string) => Number(text) + 1000);
  seen.ofConnection = show((await own.query('SELECT 1 AS a')).rows);
  own.release(true);
  seen.escaped = [pg.escapeIdentifier('a"b'), pg.escapeLiteral("it's \\ here"), own.escapeLiteral('x')];
  return seen;
}
