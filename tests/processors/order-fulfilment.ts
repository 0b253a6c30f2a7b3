// Fulfils the orders of a web shop. An order's prices are converted to its customer's currency. Each of its parcels is
// a child job that gets a label from a carrier. At the end the shop gets a signed webhook. The state of an order is kept
// in the job's data, so that a retry goes on where the attempt before has failed.
import { createHash, createHmac } from 'node:crypto';
import axios, { isAxiosError, type AxiosRequestConfig } from 'axios';
import { Queue, UnrecoverableError, WaitingChildrenError, type SandboxedJob } from 'bullmq';
import { addBusinessDays, addHours, differenceInCalendarDays, format, formatISO, isWeekend } from 'date-fns';
import { nextMonday, parseISO } from 'date-fns';
import { z } from 'zod';

/** The heaviest parcel that the carrier takes. */
const MAX_GRAMS = 5_000;
/** Hours that the warehouse needs. */
const PACKING_HOURS = 20;
/** Business days that a parcel is on its way. */
const TRANSIT_DAYS = { DE: 1, FR: 3, SE: 4, US: 7 } as const;

const Line = z.object({
  sku: z.string().regex(/^[A-Z]{3}-\d{4}$/, 'is not an article number'),
  quantity: z.number().int().min(1).max(20),
  grams: z.number().int().positive().max(MAX_GRAMS),
  price: z.object({ amount: z.number().positive(), currency: z.string().length(3) }),
});
const Order = z.object({
  id: z.string().min(1),
  placedAt: z.iso.datetime(),
  customer: z.object({ email: z.email(), country: z.enum(['DE', 'FR', 'SE', 'US']) }),
  currency: z.string().length(3).default('EUR'),
  lines: z.array(Line).min(1).max(50),
});
const Rates = z.object({ base: z.string(), rates: z.record(z.string(), z.number().positive()) });
const Label = z.object({ tracking: z.string().startsWith('TRK-') });

type Order = z.infer<typeof Order>;
type Item = { sku: string; grams: number };
type Total = { currency: string; cents: number; lines: Record<string, number> };
type State =
  | { step: 'price' }
  | { step: 'pack'; total: Total }
  | { step: 'ship'; total: Total; parcels: number }
  | { step: 'notify'; total: Total; tracking: string[] };

/** The address of an API of the shop. Read in the job, because the environment may differ between jobs. */
const api = (path: string) => new URL(path, setting('SHOP_API')).href;

export default async function work(job: SandboxedJob, token?: string) {
  if (job.name === 'order') return fulfil(job, token);
  if (job.name === 'parcel') return sendParcel(job);
  throw new UnrecoverableError(`no work for a job with the name ${job.name}`);
}

async function fulfil(job: SandboxedJob, token?: string) {
  const order = validated(job.data.order);
  let state: State = job.data.state ?? { step: 'price' };
  const advance = async (next: State, percent: number) => {
    state = next;
    await job.updateData({ ...job.data, state });
    await job.updateProgress({ step: next.step, percent });
  };
  if (job.attemptsMade > 0) await job.log(`attempt ${job.attemptsMade + 1} goes on with the step "${state.step}"`);

  if (state.step === 'price') {
    const total = await priced(order);
    await job.log(`${order.lines.length} lines cost ${money(total)}`);
    await advance({ step: 'pack', total }, 25);
  }
  if (state.step === 'pack') {
    const parcels = packed(order);
    await addParcels(job, order, parcels);
    await job.log(`packed ${parcels.flat().length} items into ${parcels.length} parcels`);
    await advance({ step: 'ship', total: state.total, parcels: parcels.length }, 50);
  }
  if (state.step === 'ship') {
    if (await job.moveToWaitingChildren(token!)) throw new WaitingChildrenError();
    const sent = Object.values(await job.getChildrenValues<{ tracking: string }>());
    if (sent.length !== state.parcels) throw new UnrecoverableError(`only ${sent.length} parcels were sent`);
    const tracking = sent.map((parcel) => parcel.tracking).sort();
    await advance({ step: 'notify', total: state.total, tracking }, 75);
  }
  if (state.step !== 'notify') throw new UnrecoverableError(`an order has no step "${(state as State).step}"`);
  const schedule = scheduled(order);
  const { total, tracking } = state;
  await notify(job, { event: 'order.shipped', order: order.id, total, tracking, ...schedule });
  await job.updateProgress({ step: 'done', percent: 100 });
  await job.log(`${order.customer.email}: ${schedule.promise}`);
  return { order: order.id, total: money(total), tracking, ...schedule };
}

/** An order that does not fit stays as it is, however often it is tried. */
function validated(data: unknown): Order {
  const { success, data: order, error } = Order.safeParse(data);
  if (success) return order;
  const problems = error.issues.map(({ path, message }) => `${path.join('.') || 'order'}: ${message}`);
  throw new UnrecoverableError(`invalid order: ${problems.join('; ')}`);
}

/** The prices of the lines in the customer's currency, at today's rates. */
async function priced({ currency, lines }: Order): Promise<Total> {
  const symbols = [...new Set(lines.map(({ price }) => price.currency))].filter((other) => other !== currency).sort();
  const { rates } =
    symbols.length === 0
      ? { rates: {} as Record<string, number> }
      : await call('exchange rates', Rates, {
          url: api('rates'),
          params: { base: currency, symbols: symbols.join(',') },
        });
  const cents = ({ price, quantity }: z.infer<typeof Line>) => {
    const rate = price.currency === currency ? 1 : rates[price.currency];
    if (rate === undefined) throw new UnrecoverableError(`there is no exchange rate for ${price.currency}`);
    return Math.round((price.amount * 100) / rate) * quantity;
  };
  const byArticle: Record<string, number> = {};
  for (const line of lines) byArticle[line.sku] = (byArticle[line.sku] ?? 0) + cents(line);
  return { currency, cents: Object.values(byArticle).reduce((sum, one) => sum + one, 0), lines: byArticle };
}

/** Puts the heaviest items first, each into the first parcel that still has room for it. */
function packed({ lines }: Order): Item[][] {
  const items = lines.flatMap(({ sku, grams, quantity }) => Array.from({ length: quantity }, () => ({ sku, grams })));
  items.sort((one, other) => other.grams - one.grams || one.sku.localeCompare(other.sku));
  const parcels: { grams: number; items: Item[] }[] = [];
  for (const item of items) {
    let parcel = parcels.find(({ grams }) => grams + item.grams <= MAX_GRAMS);
    if (!parcel) parcels.push((parcel = { grams: 0, items: [] }));
    parcel.grams += item.grams;
    parcel.items.push(item);
  }
  return parcels.map((parcel) => parcel.items);
}

/** Adds a child job for each parcel. Their ids make a second call harmless. */
async function addParcels(job: SandboxedJob, order: Order, parcels: Item[][]) {
  const queue = new Queue(job.queueName, { connection: { url: process.env.REDIS_URL } });
  const parent = { id: job.id!, queue: job.queueQualifiedName };
  await queue.addBulk(
    parcels.map((items, place) => ({
      name: 'parcel',
      data: { id: `${order.id}-${place + 1}`, country: order.customer.country, items },
      opts: { jobId: `parcel-${order.id}-${place + 1}`, parent, failParentOnFailure: true, attempts: 3, backoff: 200 },
    })),
  );
  await queue.close();
}

/** The child job: a label from the carrier, and the checksum of the parcel's contents. */
async function sendParcel(job: SandboxedJob<{ id: string; country: string; items: Item[] }>) {
  const { id, country, items } = job.data;
  const grams = items.reduce((sum, item) => sum + item.grams, 0);
  const { tracking } = await call(`label of parcel ${id}`, Label, {
    url: api('labels'),
    method: 'POST',
    data: { parcel: id, country, grams },
  });
  await job.updateProgress(100);
  await job.log(`parcel ${id} with ${(grams / 1000).toFixed(1)} kg is ${tracking}`);
  const contents = items.map(({ sku }) => sku).join('\n');
  return { tracking, grams, contents: createHash('sha256').update(contents).digest('base64url') };
}

/** When the parcels leave the warehouse and arrive, with a sentence for the customer. */
function scheduled({ placedAt, customer }: Order) {
  const placed = parseISO(placedAt);
  const ready = addHours(placed, PACKING_HOURS);
  const leaves = isWeekend(ready) ? nextMonday(ready) : ready;
  const arrives = addBusinessDays(leaves, TRANSIT_DAYS[customer.country]);
  const days = differenceInCalendarDays(arrives, placed);
  return {
    leaves: formatISO(leaves, { representation: 'date' }),
    arrives: formatISO(arrives, { representation: 'date' }),
    promise: `arrives on ${format(arrives, "EEEE, do MMMM yyyy")}, in ${days} ${days === 1 ? 'day' : 'days'}`,
  };
}

/** Tells the shop. It checks the signature, and knows a repeated webhook by its key. */
async function notify(job: SandboxedJob, event: Record<string, unknown>) {
  const body = JSON.stringify(event);
  const sentAt = Math.floor(job.timestamp / 1000);
  const signature = createHmac('sha256', setting('SHOP_SIGNING_KEY')).update(`${sentAt}.${body}`).digest('hex');
  const key = createHash('sha256').update(`${job.queueQualifiedName}:${job.id}`).digest('hex').slice(0, 32);
  await call('webhook of the shop', z.unknown(), {
    url: api('webhooks/orders'),
    method: 'POST',
    data: body,
    headers: {
      'content-type': 'application/json',
      'x-shop-signature': `t=${sentAt},v1=${signature}`,
      'idempotency-key': key,
    },
  });
}

/** Sends a request and checks its answer. A request that the server refuses is not retried, unless it is busy. */
async function call<T>(what: string, answer: z.ZodType<T>, request: AxiosRequestConfig): Promise<T> {
  try {
    const { data } = await axios.request({ timeout: 30_000, ...request });
    return answer.parse(data);
  } catch (error) {
    if (!isAxiosError(error)) throw error;
    const { status, data } = error.response ?? {};
    const reason = `${what}: ${status === undefined ? error.code : `${status} ${data?.error ?? ''}`.trim()}`;
    if (status !== undefined && status < 500 && status !== 429) throw new UnrecoverableError(reason);
    throw new Error(reason, { cause: error });
  }
}

const money = ({ cents, currency }: Total) => `${(cents / 100).toFixed(2)} ${currency}`;

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new UnrecoverableError(`${name} is not set`);
  return value;
}
