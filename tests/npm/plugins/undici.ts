import { FormData, Headers, fetch, request } from 'undici';

export async function handle(job: { data: { url: string } }) {
  const response = await fetch(`${job.data.url}/json`, { headers: new Headers({ 'x-client': 'undici' }) });
  const form = new FormData();
  form.set('a', '1');
  const echoed = await fetch(`${job.data.url}/echo`, {
    method: 'POST',
    body: JSON.stringify({ hello: 'wörld' }),
    headers: { 'content-type': 'application/json' },
  });
  const { statusCode, headers, body } = await request(`${job.data.url}/json`);
  return {
    ok: response.ok,
    plain: await response.json(),
    echoed: await echoed.json(),
    request: [statusCode, headers['content-type'], await body.json()],
    form: form.get('a'),
  };
}
