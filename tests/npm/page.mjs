// Writes the table of packages into the manual: node page.mjs [--check]
import { readFileSync, writeFileSync } from 'node:fs';

const page = new URL('../../docs/plugins/npm.md', import.meta.url);
const [START, END] = ['<!-- packages -->\n', '<!-- end of packages -->\n'];

/** The packages of these tests, those that need PostgreSQL, and those that use sockets. */
const tables = ['table.json', '../postgres/node/table.json', '../tcp/table.json'].map((file) =>
  JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')),
);
const rows = tables.flatMap(Object.values).sort((one, other) => (one.package < other.package ? -1 : 1));
const lines = rows.map(
  ({ package: name, version, works, note = '' }) =>
    `| \`${name}\` | ${version} | ${works ? 'works' : 'does not work'} | ${note} |`,
);
const text = `| package | version | | notes |\n| --- | --- | --- | --- |\n${lines.join('\n')}\n`;

const before = readFileSync(page, 'utf8');
const [head, rest] = before.split(START);
const [, tail] = (rest ?? '').split(END);
if (tail === undefined) throw new Error(`${page.pathname} has no lines for the table of packages`);
const after = `${head}${START}\n${text}\n${END}${tail}`;
if (process.argv.includes('--check')) {
  if (after !== before) throw new Error('docs/plugins/npm.md is out of date: run `node tests/npm/page.mjs`');
} else writeFileSync(page, after);
