// The services that the network clients talk to, in one local server. Answers do not depend on the port or the time.
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';

/** Starts the server. Returns its URL and what stops it. */
export async function startServer() {
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => answer(request, Buffer.concat(chunks), response));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function answer(request, body, response) {
  const url = new URL(request.url, 'http://local');
  const json = (status, value, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(JSON.stringify(value));
  };
  const [, service, ...rest] = url.pathname.split('/');
  const context = {
    request,
    response,
    url,
    body,
    text: body.toString(),
    json,
    rest: decodeURIComponent(rest.join('/')),
  };
  const handler = services[service];
  if (handler) handler(context);
  else json(404, { error: 'not found', message: 'Not Found' });
}

const HELLO = { hello: 'wörld', items: [1, 2, 3] };
const attempts = new Map();
const objects = new Map();

const sse = (response, events) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const [name, data] of events) {
    response.write(
      `${name ? `event: ${name}\n` : ''}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`,
    );
  }
  response.end();
};

const services = {
  json: ({ json, url }) => json(200, { ...HELLO, query: url.search }, { 'set-cookie': ['a=1', 'b=2'] }),
  gzip: ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    response.end(gzipSync(JSON.stringify({ zipped: 'x'.repeat(1000) })));
  },
  bytes: ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    response.end(Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256)));
  },
  redirect: ({ response }) => {
    response.writeHead(302, { location: '/json' });
    response.end();
  },
  slow: ({ response }) => {
    const timer = setTimeout(() => response.end('late'), 2000);
    response.on('close', () => clearTimeout(timer));
  },
  flaky: ({ json, rest }) => {
    const count = (attempts.get(rest) ?? 0) + 1;
    attempts.set(rest, count);
    if (count < 2) json(503, { error: 'try again' });
    else json(200, { attempts: count });
  },
  echo: ({ json, request, url, text }) => {
    const wanted = ['content-type', 'x-client', 'x-intercepted'];
    const headers = Object.fromEntries(wanted.map((name) => [name, request.headers[name]]));
    json(200, { method: request.method, query: url.search, headers, body: text });
  },
  openai: ({ json, rest, text, response }) => {
    if (rest !== 'chat/completions')
      return json(404, { error: { message: 'The model does not exist', type: 'invalid_request_error' } });
    if (!JSON.parse(text).stream) {
      const message = { role: 'assistant', content: 'Hi there' };
      return json(200, {
        id: 'c1',
        object: 'chat.completion',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage: { total_tokens: 7 },
      });
    }
    const chunk = (content) => [
      '',
      { id: 'c1', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] },
    ];
    return sse(response, [chunk('Hi '), chunk('thére'), ['', '[DONE]']]);
  },
  anthropic: ({ json, rest, text, response }) => {
    if (rest !== 'v1/messages')
      return json(404, { type: 'error', error: { type: 'not_found_error', message: 'model: nothing' } });
    const message = {
      id: 'm1',
      type: 'message',
      role: 'assistant',
      model: 'claude-test',
      content: [{ type: 'text', text: 'Hi' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 1, output_tokens: 2 },
    };
    if (!JSON.parse(text).stream) return json(200, message);
    const delta = (part) => [
      'content_block_delta',
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: part } },
    ];
    return sse(response, [
      ['message_start', { type: 'message_start', message: { ...message, content: [] } }],
      ['content_block_start', { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }],
      delta('Hel'),
      delta('lö'),
      ['content_block_stop', { type: 'content_block_stop', index: 0 }],
      ['message_delta', { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }],
      ['message_stop', { type: 'message_stop' }],
    ]);
  },
  v1: ({ json, rest, text, request, url }) => {
    // Stripe.
    if (rest === 'customers' && request.method === 'POST') {
      return json(200, { id: 'cus_1', object: 'customer', sent: text, key: request.headers['idempotency-key'] });
    }
    if (rest === 'customers') {
      const isLast = url.searchParams.has('starting_after');
      const data = isLast
        ? [{ id: 'c3', object: 'customer', email: 'c@x' }]
        : ['a', 'b'].map((name) => ({ id: name, object: 'customer', email: `${name}@x` }));
      return json(200, { object: 'list', url: '/v1/customers', has_more: !isLast, data });
    }
    return json(404, { error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such charge' } });
  },
  github: ({ json, rest, text, request, url }) => {
    if (rest === 'repos/o/r') return json(200, { full_name: 'o/r', auth: request.headers.authorization });
    if (rest === 'repos/o/r/issues' && request.method === 'POST') return json(201, JSON.parse(text));
    if (rest === 'repos/o/r/issues') {
      const page = Number(url.searchParams.get('page') ?? 1);
      const next = `http://${request.headers.host}/github/repos/o/r/issues?per_page=2&page=${page + 1}`;
      return json(
        200,
        [{ title: `${page}.1` }, { title: `${page}.2` }],
        page < 3 ? { link: `<${next}>; rel="next"` } : {},
      );
    }
    return json(404, { message: 'Not Found' });
  },
  slack: ({ json, rest, text }) => {
    const sent = Object.fromEntries(new URLSearchParams(text));
    if (rest === 'chat.postMessage')
      return json(200, { ok: true, ts: '1.2', message: { text: sent.text, blocks: sent.blocks } });
    if (rest === 'conversations.list') {
      if (sent.cursor) return json(200, { ok: true, channels: [{ name: 'c' }] });
      return json(200, { ok: true, channels: [{ name: 'a' }, { name: 'b' }], response_metadata: { next_cursor: 'n' } });
    }
    return json(200, { ok: false, error: 'user_not_found' });
  },
  s3: ({ request, response, rest, body, url }) => {
    const xml = (status, text) => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(`<?xml version="1.0" encoding="UTF-8"?>${text}`);
    };
    if (
      !/^AWS4-HMAC-SHA256 Credential=AKIATEST\/\d{8}\/eu-west-1\/s3\/aws4_request, SignedHeaders=.*Signature=[0-9a-f]{64}$/.test(
        request.headers.authorization,
      )
    ) {
      return xml(403, '<Error><Code>AccessDenied</Code></Error>');
    }
    if (request.method === 'PUT') {
      objects.set(rest, { body: unchunked(body, request.headers), type: request.headers['content-type'] });
      response.writeHead(200, { etag: '"e1"' });
      return response.end();
    }
    if (url.searchParams.has('list-type')) {
      const found = [...objects].map(
        ([key, object]) => `<Contents><Key>${key.slice(2)}</Key><Size>${object.body.length}</Size></Contents>`,
      );
      return xml(
        200,
        `<ListBucketResult><Name>b</Name>${found.join('')}<IsTruncated>false</IsTruncated></ListBucketResult>`,
      );
    }
    const object = objects.get(rest);
    if (!object)
      return xml(404, '<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>');
    response.writeHead(200, { 'content-type': object.type, 'content-length': object.body.length });
    return response.end(object.body);
  },
  sqs: ({ json, request, text }) => {
    const action = request.headers['x-amz-target'];
    const sent = JSON.parse(text);
    const headers = { 'content-type': 'application/x-amz-json-1.0' };
    if (sent.QueueUrl?.endsWith('missing')) {
      return json(400, { __type: 'com.amazonaws.sqs#QueueDoesNotExist', message: 'The queue does not exist' }, headers);
    }
    // The MD5 sum of the one message that the test sends.
    if (action === 'AmazonSQS.SendMessage') return json(200, { MessageId: 'm1', MD5OfMessageBody: MD5 }, headers);
    if (action === 'AmazonSQS.ReceiveMessage') {
      return json(
        200,
        { Messages: [{ MessageId: 'm1', ReceiptHandle: 'r1', Body: 'Hello wörld', MD5OfBody: MD5 }] },
        headers,
      );
    }
    return json(200, {}, headers);
  },
  sendgrid: ({ json, text }) => {
    const mail = JSON.parse(text);
    if (mail.personalizations[0].to[0].email.startsWith('fail'))
      return json(400, { errors: [{ message: 'bad', field: 'to' }] });
    return json(202, {}, { 'x-message-id': `id-${mail.attachments[0].content}` });
  },
  twilio: ({ json, request, text }) => {
    if (request.method === 'GET')
      return json(404, { code: 20404, message: 'The requested resource was not found', status: 404 });
    const sent = new URLSearchParams(text);
    return json(201, {
      sid: 'SM1',
      body: sent.get('Body'),
      to: sent.get('To'),
      date_created: 'Thu, 01 Jan 2026 00:00:00 +0000',
    });
  },
  graphql: ({ json, request, text }) => {
    const { query, variables } = JSON.parse(text);
    if (query.includes('broken')) return json(200, { errors: [{ message: 'Cannot query field "broken"' }] });
    return json(200, {
      data: { person: { name: `Person ${variables.id}`, auth: request.headers.authorization ?? null } },
    });
  },
};

const MD5 = '2ba33ad2e81b18862ce8a8fb502a4ab7';

/** The body of an upload that the SDK sends in signed chunks. */
function unchunked(body, headers) {
  if (!headers['content-encoding']?.includes('aws-chunked')) return body;
  const text = body.toString('latin1');
  let at = 0;
  let content = '';
  for (;;) {
    const end = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, end), 16);
    if (!(size > 0)) return Buffer.from(content, 'latin1');
    content += text.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
}
