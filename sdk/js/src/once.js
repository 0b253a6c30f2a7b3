// Steps of a job that take effect exactly once, because they are committed together with a row that records them. The
// Rust SDK uses the same table and the same lock: sdk/rust/src/postgres/once.rs.
import { Fatal } from './failure.js';
import { toJson } from './json.js';
import { runningJob } from './running-job.js';

/** One session at a time creates the table, because `IF NOT EXISTS` alone fails in two sessions at once. */
const CREATE = `
BEGIN;
SELECT pg_advisory_xact_lock(hashtext('toril_steps'));
CREATE TABLE IF NOT EXISTS toril_steps (
  queue text NOT NULL,
  job text NOT NULL,
  added bigint NOT NULL,
  step text NOT NULL,
  result jsonb,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (queue, job, added, step)
);
COMMIT`;
const EXISTS = "SELECT to_regclass('toril_steps') IS NOT NULL AS exists";

// With another level, the insert could fail where it has to wait for another runner of the step.
const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED';
const INSERT =
  'INSERT INTO toril_steps (queue, job, added, step) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING pg_current_xact_id()::text AS transaction';
/** Changes nothing if the function has ended the transaction, also if it has begun another one. */
const FINISH =
  'UPDATE toril_steps SET result = $5 WHERE queue = $1 AND job = $2 AND added = $3 AND step = $4 AND pg_current_xact_id()::text = $6';
const RESULT = 'SELECT result::text FROM toril_steps WHERE queue = $1 AND job = $2 AND added = $3 AND step = $4';

const INSTEAD = 'do not begin or end a transaction with its client, and use savepoints';

/** SQLSTATE of a table that does not exist. */
const NO_TABLE = '42P01';

/** Creates the table `toril_steps` if it does not exist. A table that exists needs no right to create one. */
export async function ensureStepsTable(pool) {
  const { rows } = await pool.query(EXISTS);
  if (!rows[0].exists) await pool.query(CREATE);
}

/** Runs a step of the running job exactly once. The declaration describes it. */
export async function once(pool, step, run) {
  if (typeof step !== 'string' || step === '') throw new TypeError('the name of a step is a text');
  if (typeof run !== 'function') throw new TypeError(`the step \`${step}\` needs a function`);
  const { queue, id, addedAt } = runningJob(`the step \`${step}\``);
  const key = [queue, id, String(addedAt), step];
  const client = await pool.connect();
  let broken;
  try {
    await client.query(BEGIN);
    return await runIn(client, key, run);
  } catch (error) {
    // The error of the step says more than a rollback that fails because of it.
    await client.query('ROLLBACK').catch((failure) => (broken = failure));
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Runs the step in the open transaction, and ends that. */
async function runIn(client, key, run) {
  const { rows } = await client.query(INSERT, key).catch(explain);
  if (rows.length === 0) return storedResult(client, key);
  const result = toJson('the result of the step', await run(client));
  const { rowCount } = await client.query(FINISH, [...key, result, rows[0].transaction]);
  if (rowCount !== 1) {
    throw new Fatal(`the function of the step \`${key[3]}\` has ended the transaction of the step: ${INSTEAD}`);
  }
  const { command } = await client.query('COMMIT');
  if (command !== 'COMMIT') throw new Error('the step was rolled back, because one of its statements has failed');
  // What later attempts get, too.
  return JSON.parse(result);
}

/** The result that an earlier attempt has stored. */
async function storedResult(client, key) {
  const { rows } = await client.query(RESULT, key);
  await client.query('ROLLBACK');
  const step = `the step \`${key[3]}\``;
  if (rows.length === 0) throw new Error(`${step} was deleted from toril_steps while this attempt waited for it`);
  if (rows[0].result === null) {
    throw new Fatal(
      `${step} has no result in toril_steps: an earlier attempt has ended the transaction of the step before its function returned. Find out which of its changes were made, and then delete its row. In the function, ${INSTEAD}`,
    );
  }
  return JSON.parse(rows[0].result);
}

function explain(error) {
  if (error?.code !== NO_TABLE) throw error;
  const message = 'the table toril_steps does not exist: create it in a migration, or with ensureStepsTable(pool)';
  throw new Error(message, { cause: error });
}
