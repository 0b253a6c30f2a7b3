// Headers, Request and Response without a network.
const attempts = {
  names: [['a', '1'], ['A', '2'], ['x-b', ' padded\t'], ['Set-Cookie', 'a=1'], ['set-cookie', 'b=2']],
  'an invalid name': [['a b', '1']],
  'an invalid value': [['a', 'x\ny']],
  'a value beyond Latin-1': [['a', '€']],
  'a tuple of three': [['a', 'b', 'c']],
};

export function cases(add) {
  for (const [name, init] of Object.entries(attempts)) add(`Headers of ${name}`, () => [...new Headers(init)]);
  add('Headers of a record', () => [...new Headers({ B: 1, a: true, c: undefined })]);
  add('Headers of null', () => [...new Headers(null)]);
  add('getSetCookie', () => new Headers(attempts.names).getSetCookie());
  add('get of what is missing', () => new Headers().get('x'));
  add('delete, has and append', () => { const headers = new Headers({ a: '1' }); headers.append('a', '2'); headers.delete('b'); return [headers.get('A'), headers.has('a'), headers.has('b')]; });
  add('forEach', () => { const seen = []; new Headers({ b: '1', a: '2' }).forEach((value, name) => seen.push(name + value)); return seen; });
  for (const status of [199, 200, 204, 599, 600, '404']) add(`Response with status ${JSON.stringify(status)}`, () => { const response = new Response(null, { status }); return [response.status, response.ok, response.statusText, response.type]; });
  add('Response 204 with a body', () => new Response('x', { status: 204 }));
  add('Response.error', () => { const response = Response.error(); return [response.type, response.status, response.ok]; });
  add('Response.redirect', () => { const response = Response.redirect('http://a/b', 307); return [response.status, response.headers.get('location')]; });
  add('Response.redirect with 200', () => Response.redirect('http://a/b', 200));
  add('Response.json', async () => { const response = Response.json({ a: [1] }); return [response.headers.get('content-type'), await response.text()]; });
  const bodies = { text: 'é', params: new URLSearchParams('a=b c'), bytes: new Uint8Array([1, 2]), buffer: new Uint8Array([3]).buffer, blob: new Blob(['x'], { type: 'Text/CSV' }), number: 5, object: {} };
  for (const [name, body] of Object.entries(bodies)) {
    add(`Response of ${name}`, async () => { const response = new Response(body); return [response.headers.get('content-type'), await response.text()]; });
  }
  add('a body is read once', async () => { const response = new Response('x'); await response.text(); return response.text(); });
  add('bodyUsed', async () => { const response = new Response('x'); const before = response.bodyUsed; await response.text(); return [before, response.bodyUsed, new Response(null).bodyUsed]; });
  add('json of what is not JSON', () => new Response('x').json());
  add('a BOM is not part of the text', () => new Response('\ufeffx').text());
  add('a clone is independent', async () => { const response = new Response('x', { headers: { a: '1' } }); const copy = response.clone(); return [await response.text(), await copy.text(), copy.headers.get('a')]; });
  add('Request', () => { const request = new Request('http://a/b?c#d', { method: 'post', body: 'x', headers: { a: '1' } }); return [request.method, request.url, request.headers.get('content-type'), request.redirect, request.mode, request.credentials, request.cache]; });
  for (const method of ['get', 'patch', 'PATCH', 'CONNECT', 'a b', 'custom']) add(`Request with method ${method}`, () => new Request('http://a', { method }).method);
  add('Request with a relative URL', () => new Request('/a'));
  add('Request with credentials in its URL', () => new Request('http://a:b@c'));
  add('Request GET with a body', () => new Request('http://a', { body: 'x' }));
  add('Request of a Request', async () => { const request = new Request(new Request('http://a', { method: 'PUT', body: 'x' }), { headers: { b: '2' } }); return [request.method, request.headers.get('b'), await request.text()]; });
  add('FormData', () => { const form = new FormData(); form.append('a', 1); form.append('a', new Blob(['x'])); form.set('b', '2'); return [[...form.keys()], form.get('a'), form.getAll('a')[1].name, form.has('c'), form.get('c')]; });
  add('FormData round trip', async () => { const form = new FormData(); form.append('a"b', 'x\ny'); form.append('f', new File(['é'], 'n.txt', { type: 'text/plain' })); const read = await new Response(form).formData(); const file = read.get('f'); return [read.get('a"b'), file.name, file.type, await file.text()]; });
  add('Blob slices', async () => { const blob = new Blob(['abc', new Uint8Array([100, 101])], { type: 'A/B' }); return [blob.size, blob.type, await blob.slice(1, -1).text(), await blob.slice(-2, 9, 'x').text(), blob.slice(3, 1).size]; });
  add('File', () => { const file = new File(['x'], 'name', { lastModified: 5 }); return [file.name, file.size, file.lastModified, file instanceof Blob]; });
  add('data: URL', async () => { const response = await fetch('data:text/plain;charset=utf-8,a%20b'); return [response.status, response.headers.get('content-type'), await response.text()]; });
}
