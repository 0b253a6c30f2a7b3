import { WebClient } from '@slack/web-api';

export async function handle(job: { data: { url: string } }) {
  const slack = new WebClient('xoxb-test', {
    slackApiUrl: `${job.data.url}/slack/`,
    logLevel: 'error' as never,
    retryConfig: { retries: 0 },
  });
  const posted = await slack.chat.postMessage({ channel: 'C1', text: 'Hello', blocks: [{ type: 'divider' }] });
  const names: string[] = [];
  for await (const page of slack.paginate('conversations.list', { limit: 2 }))
    names.push(...page.channels.map((one) => one.name));
  const failed = await slack.users.info({ user: 'U404' }).catch((error) => error);
  return { ts: posted.ts, message: posted.message, names, failed: { code: failed.code, error: failed.data?.error } };
}
