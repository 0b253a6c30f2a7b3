// Stores orders in PostgreSQL. Each order is stored once, although its job may run several times. The tables are in
// schema.sql.
//
//     [plugins.orders.postgres.main]
//     url = "env:DATABASE_URL"
import { Fatal, type Job, jobs as queues, type Jobs, once } from '@toril/plugin';
import pg from 'pg';

export interface Order {
  customer: string;
  items: { sku: string; quantity: number }[];
}

/** The host has the connections. Making the pool opens none. */
const pool = new pg.Pool();

const schema = {
  type: 'object',
  properties: {
    customer: { type: 'string', minLength: 1 },
    items: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: { sku: { type: 'string' }, quantity: { type: 'integer', minimum: 1 } },
        required: ['sku', 'quantity'],
      },
    },
  },
  required: ['customer', 'items'],
};

export const description = 'Stores orders in PostgreSQL.';

export const jobs = {
  store: {
    description: 'Stores an order, takes its items from the stock, and adds a job that confirms it.',
    schema,
    handle: storeOrder,
  },
} satisfies Jobs;

async function storeOrder(job: Job<Order>) {
  // A later attempt gets the same number, and takes nothing from the stock.
  const order = await once(pool, 'store', (client) => store(client, job.data));
  // No transaction includes the queue. The id makes the job of a later attempt the same one.
  queues.add('mails', 'confirm-order', order, { id: `order-${order.number}` });
  return order;
}

/** Runs in one transaction with the row that records the step. */
async function store(client: pg.PoolClient, { customer, items }: Order) {
  const inserted = await client.query('INSERT INTO orders (customer) VALUES ($1) RETURNING number::int', [customer]);
  const [{ number }] = inserted.rows;
  const lists = [items.map(({ sku }) => sku), items.map(({ quantity }) => quantity)];
  try {
    await client.query(
      `UPDATE stock SET available = available - quantity
        FROM unnest($1::text[], $2::int[]) AS item (sku, quantity) WHERE stock.sku = item.sku`,
      lists,
    );
    await client.query('INSERT INTO order_items SELECT $3, * FROM unnest($1::text[], $2::int[])', [...lists, number]);
  } catch (error) {
    throw lasting(error) ? new Fatal(`the order cannot be stored: ${(error as Error).message}`) : error;
  }
  return { number: number as number, customer };
}

/** Whether another attempt would fail as well: the order breaks a rule of the tables (class 23 of SQLSTATE). */
function lasting(error: unknown) {
  return error instanceof pg.DatabaseError && error.code?.startsWith('23');
}
