import OpenAI from 'openai';

export async function handle(job: { data: { url: string } }) {
  const client = new OpenAI({ apiKey: 'sk-test', baseURL: `${job.data.url}/openai`, maxRetries: 1 });
  const completion = await client.chat.completions.create({
    model: 'gpt-test',
    messages: [{ role: 'user', content: 'Say hi' }],
  });
  const stream = await client.chat.completions.create({
    model: 'gpt-test',
    stream: true,
    messages: [{ role: 'user', content: 'Say hi' }],
  });
  const parts: string[] = [];
  for await (const chunk of stream) parts.push(chunk.choices[0]?.delta?.content ?? '');
  const failed = await client.models.retrieve('nothing').catch((error) => error);
  return {
    text: completion.choices[0].message.content,
    usage: completion.usage,
    parts,
    failed: { name: failed.constructor.name, status: failed.status, message: failed.message },
  };
}
