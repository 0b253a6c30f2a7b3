import got from 'got';

export async function handle(job: { data: { url: string } }) {
  const client = got.extend({
    prefixUrl: job.data.url,
    headers: { 'x-client': 'got' },
    retry: { limit: 2, backoffLimit: 20 },
  });
  const plain = await client.get('json', { searchParams: { a: 1 } });
  const missing = await client.get('missing').catch((error) => error);
  return {
    plain: JSON.parse(plain.body),
    status: plain.statusCode,
    echoed: await client.post('echo', { json: { hello: 'wörld' } }).json(),
    zipped: await client.get('gzip').json(),
    bytes: [...(await client.get('bytes').buffer())].slice(0, 4),
    missing: { name: missing.name, code: missing.code, status: missing.response?.statusCode },
    retried: await client.get(`flaky/${job.data.run}-got`).json(),
    redirected: await client.get('redirect').json(),
  };
}
