// Runs a case in Node itself, over the variables PGHOST and the like: node --import TYPESCRIPT baseline.mjs FILE
const { handle } = await import(process.argv[2]);
const result = await handle({ id: '1', queue: 'q', name: 'j', data: null, attempt: 1, maxAttempts: 1, addedAt: new Date(0) });
process.stdout.write(`\n@@result ${JSON.stringify(result)}\n`, () => process.exit(0));
