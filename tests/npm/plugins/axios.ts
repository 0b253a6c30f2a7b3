import axios from 'axios';

export async function handle(job: { data: { url: string } }) {
  const client = axios.create({ baseURL: job.data.url, timeout: 5000, headers: { 'x-client': 'axios' } });
  client.interceptors.request.use((config) => (config.headers.set('x-intercepted', 'yes'), config));
  const plain = await client.get('/json', { params: { a: [1, 2], b: 'ä' } });
  const echoed = await client.post('/echo?q=1', { hello: 'wörld' });
  const form = await client.post('/echo', new URLSearchParams({ a: '1 2' }));
  const bytes = await client.get('/bytes', { responseType: 'arraybuffer' });
  const missing = await client.get('/missing').catch((error) => error);
  const aborted = await client.get('/slow', { signal: AbortSignal.timeout(50) }).catch((error) => error);
  return {
    plain: plain.data,
    status: plain.status,
    type: plain.headers['content-type'],
    echoed: echoed.data,
    form: form.data.body,
    zipped: (await client.get('/gzip')).data,
    bytes: [...new Uint8Array(bytes.data)].slice(0, 4),
    missing: {
      status: missing.response?.status,
      code: missing.code,
      is: axios.isAxiosError(missing),
      message: missing.message,
    },
    aborted: aborted.code,
    redirected: (await client.get('/redirect')).data,
  };
}
