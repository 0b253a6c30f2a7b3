import { stringify } from 'csv-stringify';
import { stringify as stringifySync } from 'csv-stringify/sync';

export async function handle() {
  const stream = stringify({ header: true, columns: { a: 'A', b: 'B' } });
  stream.write({ a: 1, b: 'x,y' });
  stream.write({ a: 2, b: 'q"q' });
  stream.end();
  let text = '';
  for await (const chunk of stream) text += chunk;
  const called = await new Promise((resolve, reject) =>
    stringify([[1, true, new Date(0)]], { cast: { boolean: String } }, (error, out) =>
      error ? reject(error) : resolve(out),
    ),
  );
  return { text, called, sync: stringifySync([{ a: 'ä', b: null }], { delimiter: ';', quoted: true, header: true }) };
}
