// Runs a plugin's file in Node itself: `node --import ../../sdk/js/build/typescript.js baseline.mjs FILE JOB`. A file
// whose result must differ from Node's exports the `expected` one.
const [file, job] = process.argv.slice(2);
const { handle, expected } = await import(file);
const raw = JSON.parse(job);
const result = expected ?? (await handle({ ...raw, data: JSON.parse(raw.data) }));
process.stdout.write(`\n@@result ${JSON.stringify({ value: result ?? null })}\n`, () => process.exit(0));
