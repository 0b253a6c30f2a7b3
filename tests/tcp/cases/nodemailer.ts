import nodemailer from 'nodemailer';

type Data = { smtp: number; smtps: number };

const message = {
  from: 'Toril <toril@example.com>',
  to: ['Anna Grün <anna@example.com>', 'ben@example.com'],
  subject: 'Grüße',
  text: 'Hello',
  html: '<b>Hello</b>',
  attachments: [{ filename: 'data.bin', content: Buffer.alloc(200_000, 'abc') }],
  // Otherwise they differ from run to run.
  messageId: '<1@example.com>',
  date: new Date(0),
  baseBoundary: 'boundary',
};

export async function handle({ data: { smtp, smtps } }: { data: Data }) {
  const auth = { user: 'toril', pass: 'secret' };
  const results = [];
  for (const options of [
    { port: smtp, auth, requireTLS: true },
    { port: smtps, auth, secure: true },
    { port: smtps, auth, secure: true, pool: true, maxConnections: 2 },
  ]) {
    const transport = nodemailer.createTransport({ host: 'localhost', name: 'client.example.com', ...options });
    await transport.verify();
    const sent = await Promise.all([transport.sendMail(message), transport.sendMail(message)]);
    results.push(sent.map(({ accepted, rejected, envelope, response }) => ({ accepted, rejected, envelope, response })));
    transport.close();
  }
  const wrong = nodemailer.createTransport({ host: 'localhost', port: smtp, auth: { user: 'toril', pass: 'wrong' } });
  results.push(await wrong.sendMail(message).catch((error) => [error.code, error.responseCode]));
  return results;
}
