import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { parse as parseSync } from 'csv-parse/sync';

export async function handle() {
  const text = 'name,age,note\nAnn,30,"a, ""b""\nc"\nBöb,41,\n';
  const rows: unknown[] = [];
  for await (const row of Readable.from([text.slice(0, 12), text.slice(12)]).pipe(parse({ columns: true, cast: true })))
    rows.push(row);
  const called = await new Promise((resolve, reject) =>
    parse('a;b\n1;2', { delimiter: ';' }, (error, records) => (error ? reject(error) : resolve(records))),
  );
  const failed = (() => {
    try {
      return parseSync('a,b\n1', { columns: true });
    } catch (error) {
      return (error as { code: string }).code;
    }
  })();
  return {
    rows,
    sync: parseSync(text, { from_line: 2 }),
    bytes: parseSync(Buffer.from('\ufeffa,b\n1,2'), { bom: true, columns: true }),
    called,
    failed,
  };
}
