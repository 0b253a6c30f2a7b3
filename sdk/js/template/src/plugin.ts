import { Fatal, log, type Job, type Jobs } from '@toril/plugin';

export const description = 'Greets people.';

function greet(job: Job<{ name: string }>) {
  const name = job.data.name.trim();
  if (name === '') throw new Fatal('`name` is empty');
  log.info('greeting someone');
  return { text: `Hello, ${name}!` };
}

export const jobs = {
  greet: {
    description: 'Greets one person.',
    schema: {
      type: 'object',
      properties: { name: { type: 'string' } },
      required: ['name'],
      additionalProperties: false,
    },
    handle: greet,
  },
} satisfies Jobs;
