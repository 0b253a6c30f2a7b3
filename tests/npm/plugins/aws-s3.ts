import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

export async function handle(job: { data: { url: string } }) {
  const s3 = new S3Client({
    endpoint: `${job.data.url}/s3`,
    forcePathStyle: true,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
  });
  const put = await s3.send(
    new PutObjectCommand({ Bucket: 'b', Key: 'dir/ä.txt', Body: 'Hello wörld', ContentType: 'text/plain' }),
  );
  const got = await s3.send(new GetObjectCommand({ Bucket: 'b', Key: 'dir/ä.txt' }));
  const list = await s3.send(new ListObjectsV2Command({ Bucket: 'b', Prefix: 'dir/' }));
  const missing = await s3.send(new GetObjectCommand({ Bucket: 'b', Key: 'missing' })).catch((error) => error);
  return {
    etag: put.ETag,
    body: await got.Body?.transformToString(),
    type: got.ContentType,
    keys: list.Contents?.map(({ Key, Size }) => [Key, Size]),
    missing: { name: missing.name, status: missing.$metadata?.httpStatusCode },
  };
}
