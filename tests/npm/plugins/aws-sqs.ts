import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';

export async function handle(job: { data: { url: string } }) {
  const sqs = new SQSClient({
    endpoint: `${job.data.url}/sqs`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
  });
  const QueueUrl = `${job.data.url}/sqs/1/q`;
  const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'Hello wörld' }));
  const received = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1 }));
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: received.Messages?.[0].ReceiptHandle }));
  const failed = await sqs
    .send(new SendMessageCommand({ QueueUrl: `${QueueUrl}-missing`, MessageBody: 'x' }))
    .catch((error) => error);
  return { id: sent.MessageId, body: received.Messages?.[0].Body, failed: failed.name };
}
