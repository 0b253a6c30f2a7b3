import Papa from 'papaparse';

export async function handle() {
  const text = 'name;age\n"A;nn";30\nBöb;41\n';
  const steps: unknown[] = [];
  Papa.parse(text, { header: true, step: (row) => steps.push(row.data), skipEmptyLines: true });
  const parsed = Papa.parse(text, { header: true, dynamicTyping: true, skipEmptyLines: true });
  return {
    steps,
    rows: parsed.data,
    delimiter: parsed.meta.delimiter,
    errors: Papa.parse('a,b\n1', { header: true }).errors,
    written: Papa.unparse([
      { a: 1, b: 'x"y,z' },
      { a: null, b: true },
    ]),
  };
}
