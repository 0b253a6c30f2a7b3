import Stripe from 'stripe';

export async function handle(job: { data: { url: string } }) {
  const { hostname, port } = new URL(job.data.url);
  const stripe = new Stripe('sk_test_123', {
    host: hostname,
    port: Number(port),
    protocol: 'http',
    maxNetworkRetries: 1,
    telemetry: false,
  });
  const customer = await stripe.customers.create(
    { email: 'ann@example.com', metadata: { order: '7' } },
    { idempotencyKey: 'key-1' },
  );
  const emails: (string | null)[] = [];
  for await (const one of stripe.customers.list({ limit: 2 })) emails.push(one.email);
  const failed = await stripe.charges.retrieve('ch_missing').catch((error) => error);
  const payload = JSON.stringify({ id: 'evt_1', object: 'event', type: 'charge.succeeded' });
  const header = stripe.webhooks.generateTestHeaderString({ payload, secret: 'whsec_test' });
  const event = stripe.webhooks.constructEvent(payload, header, 'whsec_test');
  const forged = await stripe.webhooks.constructEventAsync(payload, header, 'whsec_other').catch((error) => error.type);
  return {
    customer,
    emails,
    failed: { type: failed.type, code: failed.code, status: failed.statusCode },
    event: event.type,
    forged,
  };
}
