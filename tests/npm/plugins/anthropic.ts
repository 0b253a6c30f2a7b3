import Anthropic from '@anthropic-ai/sdk';

export async function handle(job: { data: { url: string } }) {
  const client = new Anthropic({ apiKey: 'sk-test', baseURL: `${job.data.url}/anthropic`, maxRetries: 1 });
  const message = await client.messages.create({
    model: 'claude-test',
    max_tokens: 10,
    messages: [{ role: 'user', content: 'Hi' }],
  });
  const stream = client.messages.stream({
    model: 'claude-test',
    max_tokens: 10,
    messages: [{ role: 'user', content: 'Hi' }],
  });
  const parts: string[] = [];
  stream.on('text', (text) => parts.push(text));
  const last = await stream.finalMessage();
  const failed = await client.models.retrieve('nothing').catch((error) => error);
  return {
    content: message.content,
    usage: message.usage,
    parts,
    last: last.content,
    failed: { status: failed.status, type: failed.constructor.name },
  };
}
