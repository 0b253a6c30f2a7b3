import ky from 'ky';

export async function handle(job: { data: { url: string; run: string } }) {
  const client = ky.create({
    prefixUrl: job.data.url,
    headers: { 'x-client': 'ky' },
    retry: { limit: 2, delay: () => 5 },
  });
  const missing = await client.get('missing').catch((error) => error);
  return {
    plain: await client.get('json', { searchParams: { a: 1 } }).json(),
    echoed: await client.post('echo', { json: { hello: 'wörld' } }).json(),
    text: (await client.get('gzip').text()).length,
    missing: { name: missing.name, status: missing.response?.status },
    retried: await client.get(`flaky/${job.data.run}-ky`).json(),
    slow: await client.get('slow', { timeout: 50, retry: 0 }).catch((error) => error.name),
  };
}
