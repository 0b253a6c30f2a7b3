// Runs a case in Node itself, and prints its result: node baseline.mjs '{"case": NAME, "data": DATA}'
import '../../sdk/js/build/typescript.js';

const { case: name, data } = JSON.parse(process.argv[2]);
const { handle } = await import(`./cases/${name}.ts`);
const result = await handle({ id: '1', queue: 'q', name: 'j', data, attempt: 1, maxAttempts: 1, addedAt: new Date(0) });
process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit(0));
