// Runs a case in Node itself: node --import TYPESCRIPT baseline.mjs FILE DATA
const { handle } = await import(process.argv[2]);
const result = await handle({ id: '1', queue: 'q', name: 'j', data: JSON.parse(process.argv[3]), attempt: 1, maxAttempts: 1, addedAt: new Date(0) });
process.stdout.write(`\n@@result ${JSON.stringify(result)}\n`, () => process.exit(0));
