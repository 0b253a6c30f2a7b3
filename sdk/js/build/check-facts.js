// What `check.js` knows about BullMQ and Node in a plugin. It asks the modules that a plugin gets, where it can.
import { readdirSync, readFileSync } from 'node:fs';
import { Job, Queue } from '../bullmq/index.js';
import * as bullmq from '../bullmq/index.js';
import { FIELDS } from '../src/processor/job.js';
import { UnsupportedError } from '../bullmq/unsupported.js';

const FOLDER = new URL('../node/', import.meta.url);

/** Node's modules whose functions fail. Their files say so at the beginning, and what they need. */
export const STUBS = new Set(
  readdirSync(FOLDER, { recursive: true })
    .filter((file) => file.endsWith('.cjs') && !file.startsWith('lib'))
    .filter((file) => readFileSync(new URL(file, FOLDER), 'utf8').match(/plugin has no|unavailable\.cjs/))
    .map((file) => file.replace(/\.cjs$/, '')),
);

/** The methods of a processor's job. */
export const PROCESSOR_METHODS = new Set(Object.keys(FIELDS).slice(Object.keys(FIELDS).indexOf('updateProgress')));

/** The alternative to each class whose constructor fails. */
export const ADVICE = Object.fromEntries(
  Object.entries(bullmq).flatMap(([name, type]) => {
    const why = typeof type === 'function' && type.prototype && !isWorking(name) ? refusal(() => new type()) : undefined;
    return why ? [[name, why]] : [];
  }),
);

/** The exports that work. */
export const WORKING_IMPORTS = new Set(Object.keys(bullmq).filter((name) => !(name in ADVICE)));

function isWorking(name) {
  return ['Queue', 'FlowProducer', 'Job', 'UnsupportedError'].includes(name);
}

/** The methods that fail, by class, each with its alternative. */
export const REFUSED_METHODS = {
  Queue: await refusals(Queue.prototype),
  FlowProducer: await refusals(bullmq.FlowProducer.prototype),
  Job: await refusals(Job.prototype),
};

async function refusals(prototype) {
  const found = {};
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    // The functions that `refuse` has added have no name of their own.
    if (typeof value !== 'function' || value.name !== 'value') continue;
    await value().catch((error) => (found[name] = advice(error)));
  }
  return found;
}

function refusal(make) {
  try {
    make();
    return undefined;
  } catch (error) {
    return error instanceof UnsupportedError ? advice(error) : undefined;
  }
}

/** The part of a message after `… is not available in a plugin: `. */
function advice({ message }) {
  return message.split(' is not available in a plugin: ').pop();
}

/** Packages and modules that send requests, and the origin to which they send them if it is always the same one. */
export const CLIENTS = new Map([
  ['@anthropic-ai/sdk', 'https://api.anthropic.com'],
  ['@octokit/core', 'https://api.github.com'],
  ['@octokit/rest', 'https://api.github.com'],
  ['@sendgrid/mail', 'https://api.sendgrid.com'],
  ['@slack/web-api', 'https://slack.com'],
  ['octokit', 'https://api.github.com'],
  ['openai', 'https://api.openai.com'],
  ['stripe', 'https://api.stripe.com'],
  ['twilio', 'https://api.twilio.com'],
  ...['axios', 'got', 'graphql-request', 'http', 'https', 'ky', 'node-fetch', 'ofetch', 'superagent', 'undici'].map((name) => [name]),
]);

/** Whether a package sends requests. */
export const isClient = (name) => CLIENTS.has(name) || name.startsWith('@aws-sdk/client-');
