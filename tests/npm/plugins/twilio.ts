import twilio from 'twilio';

export async function handle(job: { data: { url: string } }) {
  const client = twilio('AC00000000000000000000000000000000', 'token');
  client.api.baseUrl = `${job.data.url}/twilio`;
  const message = await client.messages.create({ to: '+4912345', from: '+1555', body: 'Hello wörld' });
  const failed = await client
    .messages('MM404')
    .fetch()
    .catch((error) => error);
  const xml = new twilio.twiml.VoiceResponse();
  xml.say({ voice: 'alice' }, 'Hello & goodbye');
  xml.gather({ numDigits: 1 }).play('https://example.com/a.mp3');
  const params = { CallSid: 'CA1', From: '+1' };
  const signature = twilio.validateRequest('token', 'GvWf1cFY/Q7PnoempGyD5oXAezc=', 'https://example.com/a', params);
  return {
    sid: message.sid,
    body: message.body,
    created: message.dateCreated,
    failed: { status: failed.status, code: failed.code },
    xml: xml.toString(),
    signature,
  };
}
