import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { check, describe } from '../build/check.js';

async function checked(source, name = 'processor.ts') {
  const folder = await mkdtemp(join(tmpdir(), 'toril-check-'));
  try {
    await writeFile(join(folder, name), source);
    return await check(join(folder, name));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const lines = (findings) => findings.map(({ line, what }) => `${line} ${what}`);

test('the grants that a processor needs are named with their lines', async () => {
  const { grants, fails } = await checked(`import { FlowProducer, Queue } from 'bullmq';
const queue = new Queue('mails');
const flows = new FlowProducer();
export default async (job) => {
  await fetch('https://api.example.com/users');
  await fetch(\`https://files.example.com/\${job.data.file}\`);
  await flows.add({ name: 'a', queueName: 'reports' });
  await new Queue(job.data.queue).add('a', process.env.API_KEY);
};
`);
  const of = (key) => grants.find((grant) => grant.key === key);
  assert.deepEqual(of('add_to').values, ['mails', 'reports']);
  assert.deepEqual(lines(of('add_to').at), ['2 the queue mails', '7 the queue reports', '8 a queue whose name is computed']);
  assert.deepEqual(of('http').values, ['https://api.example.com', 'https://files.example.com']);
  assert.deepEqual([of('env').values, lines(of('env').at)], [['API_KEY'], ['8 process.env.API_KEY']]);
  assert.deepEqual(fails, []);
});

test('an address whose host is computed is no grant', async () => {
  const { grants } = await checked('export default (job) => fetch(`https://api.${job.data.region}.example.com/`);');
  assert.deepEqual(grants.map(({ key, values }) => [key, values]), [['http', []]]);
});

test('packages that send requests need a grant', async () => {
  const { grants } = await checked(`import axios from 'axios';
import OpenAI from 'openai';
import { S3Client } from '@aws-sdk/client-s3';
export default (job) => Promise.all([axios.get(job.data.url), new OpenAI().models.list(), new S3Client({})]);
`);
  const [http] = grants;
  assert.deepEqual([http.key, http.values], ['http', ['https://api.openai.com']]);
  assert.deepEqual(lines(http.at), [
    '1 the module axios sends requests',
    '2 the module openai sends requests',
    '3 the module @aws-sdk/client-s3 sends requests',
  ]);
});

test('an address in a variable and a variable with a computed name are shown without a value', async () => {
  const { grants } = await checked('export default (job) => { const { url } = job.data; return fetch(url, process.env[job.name]); };');
  assert.deepEqual(grants.map(({ key, values, at }) => [key, values, lines(at)]), [
    ['http', [], ['1 a request to an address that is computed']],
    ['env', [], ['1 a variable whose name is computed']],
  ]);
});

test('what does not work is named with its line and the alternative', async () => {
  const { fails } = await checked(`import { Queue, QueueEvents } from 'bullmq';
import { readFile } from 'node:fs/promises';
const queue = new Queue('q');
export default async function (job, token) {
  await queue.getJobCounts();
  const events = new QueueEvents('q');
  await job.extendLock(token, 1);
  await job.updateProgress(1);
}
`);
  assert.deepEqual(lines(fails), ['2 the module fs/promises', '5 queue.getJobCounts()', '6 new QueueEvents()', '7 job.extendLock()']);
  assert.match(fails[1].why, /HTTP API/);
});

test('the pools of a database are named with their lines, and options without effect are', async () => {
  const { works, grants, fails } = await checked(`import pg, { Client } from 'pg';
const pool = new pg.Pool();
const reports = new pg.Pool({ database: 'reports', host: 'db', password: 'secret' });
export default async (job) => {
  const archive = new Client('postgres://archive');
  const other = new Client({ connectionString: job.data.url });
};
`);
  const [postgres] = grants;
  assert.deepEqual([postgres.key, postgres.values], ['postgres', ['archive', 'main', 'reports']]);
  assert.deepEqual(lines(postgres.at), ['1 the module pg', '2 the pool main', '3 the pool reports', '5 the pool archive', '6 a pool whose name is computed']);
  assert.match(works.find(({ line }) => line === 3).why, /without effect: host, password/);
  assert.deepEqual(fails, []);
  const text = describe('p.ts', { works, grants, fails });
  assert.match(text, /\n {2}postgres\.main\.url = "env:DATABASE_URL"\n {2}postgres\.reports\.url = "env:REPORTS_DATABASE_URL"\n/);
});

test('a class of another module that is called Pool is no database', async () => {
  const { grants } = await checked('class Pool {}\nexport default () => new Pool();\n');
  assert.deepEqual(grants, []);
});

test('CommonJS is read as well', async () => {
  const { works, fails } = await checked(`const { Worker, UnrecoverableError } = require('bullmq');
module.exports = async (job) => {
  new Worker('q');
  await job.log('a');
};
`, 'processor.cjs');
  assert.deepEqual(lines(fails), ['3 new Worker()']);
  assert.ok(lines(works).includes('4 job.log()'));
});

test('a bundle that fails is a finding', async () => {
  const { fails } = await checked("import './missing.js';\nexport default () => 1;\n");
  assert.equal(fails[0].line, 1);
  assert.match(fails[0].why, /missing\.js/);
});

test('the text has a line for each finding', async () => {
  const text = describe('p.ts', await checked("import { Queue } from 'bullmq';\nnew Queue('mails');\nexport default () => 1;\n"));
  assert.match(text, /^p\.ts: nothing was found that does not work/);
  assert.match(text, /\n {2}add_to = \["mails"\]\n/);
});

test('servers over TCP need a grant, as `tls` if the client encrypts from the beginning', async () => {
  const { grants, fails } = await checked(`import net from 'node:net';
import tls from 'node:tls';
import { Redis } from 'ioredis';
import mysql from 'mysql2/promise';
import nodemailer from 'nodemailer';
export default (job) => [
  net.connect(25, 'mx.example.com'),
  tls.connect({ host: 'imap.example.com', port: 993 }),
  new Redis('rediss://cache.example.com'),
  mysql.createPool({ host: 'db.internal', port: 3306, user: 'a' }),
  nodemailer.createTransport({ host: 'smtp.example.com', port: 465, secure: true }),
  nodemailer.createTransport({ host: job.data.host, port: 587 }),
];
`);
  const of = (key) => grants.find((grant) => grant.key === key);
  assert.deepEqual(of('tcp').values, ['db.internal:3306', 'mx.example.com:25']);
  assert.deepEqual(of('tls').values, ['cache.example.com:6379', 'imap.example.com:993', 'smtp.example.com:465']);
  assert.deepEqual(lines(of('tcp').at), [
    '7 the server mx.example.com:25',
    '10 the server db.internal:3306',
    '12 a server whose address is computed',
  ]);
  // The packages are not installed here.
  assert.deepEqual(fails.filter(({ what }) => what !== 'the bundle'), []);
});
