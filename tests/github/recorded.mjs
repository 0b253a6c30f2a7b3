// Serves one scenario of @octokit/fixtures: what GitHub answered when it was recorded.
//
//     node recorded.mjs '{ "scenario": "paginate-issues" }'
//
// prints { "ready": true, "url": … } and serves until it is ended. The scenarios were recorded with an older client, and
// are answered in their order and to requests of exactly that form. So what differs and does not matter is adapted on the
// way: the form of the headers, the order that issues are asked for in, and the repository that they belong to.
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { readFileSync } from 'node:fs';

import express from 'express';
import fixtureServer from '@octokit/fixtures-server';

const { scenario } = JSON.parse(process.argv[2]);
const require = createRequire(import.meta.url);
const folder = join(dirname(require.resolve('@octokit/fixtures/package.json')), 'scenarios/api.github.com');
const recorded = (name) => JSON.parse(readFileSync(join(folder, name, 'normalized-fixture.json'), 'utf8'));

// Each answer comes once. A listing of several pages is read twice, to see whether it changed meanwhile.
const answers = scenario === 'paginate-issues' ? [...recorded(scenario), ...recorded(scenario)] : recorded(scenario);

const app = express();
const server = createServer(app);
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const fixturesUrl = `http://127.0.0.1:${server.address().port}`;

app.use((request, response, next) => {
  if (!request.path.startsWith('/api.github.com/')) return next();
  // A listing was recorded without the repository that it belongs to.
  const [, , , kind, owner, name, ...rest] = request.path.split('/');
  if (scenario === 'paginate-issues' && kind === 'repos' && rest.length === 0) {
    const [{ response: repository }] = recorded('get-repository');
    return response.json({ ...repository, id: 1000, name, full_name: `${owner}/${name}` });
  }
  request.headers.accept = 'application/vnd.github.v3+json';
  request.headers.authorization = request.headers.authorization?.replace('Bearer', 'token');
  const url = new URL(request.url, fixturesUrl);
  ['state', 'sort', 'direction'].forEach((parameter) => url.searchParams.delete(parameter));
  request.url = request.originalUrl = url.pathname + url.search;
  next();
});
app.use(
  fixtureServer({
    fixturesUrl,
    logLevel: 'silent',
    ttl: 600_000,
    fixtures: { [scenario]: answers },
  }),
);

const post = async (url, method, body, headers = {}) => {
  const sent = await fetch(url, {
    method,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json; charset=utf-8', accept: 'application/json', ...headers },
  });
  if (!sent.ok) throw new Error(`${method} ${url} was answered with ${sent.status}: ${await sent.text()}`);
  return sent.json();
};

const { url } = await post(`${fixturesUrl}/fixtures`, 'POST', { scenario });
if (scenario === 'rename-repository') {
  const [rename] = recorded(scenario);
  // What was done before the repository was looked for under its old name.
  await post(url + rename.path, 'PATCH', rename.body, { authorization: rename.reqheaders.authorization });
}
console.log(JSON.stringify({ ready: true, url }));
