import http, { STATUS_CODES } from 'node:http';
import https from 'node:https';

const send = (url: string, options: http.RequestOptions = {}, body?: string | string[]) =>
  new Promise<Record<string, unknown>>((resolve) => {
    const request = http.request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          message: response.statusMessage,
          type: response.headers['content-type'],
          cookies: response.headers['set-cookie'],
          location: response.headers.location,
          complete: response.complete,
          text: text.slice(0, 300),
          length: text.length,
        }),
      );
    });
    request.on('error', (error: Error & { code?: string }) => resolve({ error: error.name, code: error.code }));
    request.on('timeout', () => request.destroy(new Error('timed out')));
    if (Array.isArray(body)) {
      request.write(body[0]);
      setTimeout(() => request.end(body[1]), 5);
    } else request.end(body);
  });

export async function handle(job: { data: { url: string } }) {
  const { url } = job.data;
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  const { hostname, port } = new URL(url);
  const got = await new Promise((resolve) =>
    http.get({ hostname, port, path: '/json?x=1', headers: { 'X-Client': 'http' } }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    }),
  );
  return {
    got,
    json: await send(`${url}/json`),
    posted: await send(`${url}/echo?a=1`, { method: 'POST', headers: { 'content-type': 'text/plain' } }, 'bödy'),
    streamed: await send(`${url}/echo`, { method: 'PUT' }, ['first ', 'second']),
    redirected: await send(`${url}/redirect`),
    missing: await send(`${url}/nothing`),
    big: (await send(`${url}/bytes`)).status,
    aborted: await send(`${url}/slow`, { signal: controller.signal }),
    late: (await send(`${url}/slow`, { timeout: 20 })).error,
    refused: (await send('http://127.0.0.1:1/')).error,
    rest: [
      STATUS_CODES[418],
      http.METHODS.includes('PATCH'),
      new http.Agent({ keepAlive: true }).keepAlive,
      typeof https.request,
      https.globalAgent.protocol,
    ],
  };
}
