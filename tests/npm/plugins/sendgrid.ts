import sendgrid from '@sendgrid/mail';
import { Client } from '@sendgrid/client';

export async function handle(job: { data: { url: string } }) {
  const client = new Client();
  sendgrid.setClient(client);
  sendgrid.setApiKey('SG.test');
  client.setDefaultRequest('baseUrl', `${job.data.url}/sendgrid/`);
  const [response] = await sendgrid.send({
    to: 'ann@example.com',
    from: { email: 'bob@example.com', name: 'Bob' },
    subject: 'Hello',
    text: 'Hello wörld',
    attachments: [{ content: Buffer.from('data').toString('base64'), filename: 'a.txt' }],
  });
  const failed = await sendgrid
    .send({ to: 'fail@example.com', from: 'bob@example.com', subject: 'x', text: 'y' })
    .catch((error) => error);
  return {
    status: response.statusCode,
    id: response.headers['x-message-id'],
    failed: { code: failed.code, errors: failed.response?.body?.errors },
  };
}
