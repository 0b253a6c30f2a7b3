import FormData from 'form-data';

export async function handle(job: { data: { url: string } }) {
  const form = new FormData();
  form.setBoundary('------------------------boundary0123456789abcd');
  form.append('name', 'Ann');
  form.append('file', Buffer.from('bytes ä'), { filename: 'a.txt', contentType: 'text/plain' });
  const length = await new Promise<number>((resolve, reject) =>
    form.getLength((error, count) => (error ? reject(error) : resolve(count))),
  );
  const whole = form.getBuffer().toString();
  const { hostname, port } = new URL(job.data.url);
  const answer = await new Promise<string>((resolve, reject) => {
    form.submit({ host: hostname, port, path: '/echo', protocol: 'http:' }, (error, response) => {
      if (error) return reject(error);
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve(text));
    });
  });
  return { length, whole, headers: form.getHeaders({ 'X-A': '1' }), answer: JSON.parse(answer) };
}
