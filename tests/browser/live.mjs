// Sees changes without reloading a page.
//
//   {base, chromium, pictures?, redis, queue, job} → {count, state, focus, complaints}

import { Queue } from 'bullmq';
import { script } from './browser.mjs';

await script(async (input, open) => {
  const queue = new Queue(input.queue, { connection: { url: input.redis } });
  try {
    const page = await open();
    await page.goto(`/queues/${input.queue}?state=waiting`);
    await page.getByText('Live', { exact: true }).waitFor();
    // An update must not move the focus.
    await page.getByRole('link', { name: 'Clean' }).focus();
    await queue.add('seen', {}, { jobId: 'seen-live' });
    await page.getByRole('link', { name: 'seen-live' }).waitFor();
    const focus = await page.evaluate(() => document.activeElement.textContent);

    await page.goto(`/queues/${input.queue}/jobs/seen-live`);
    await page.getByText('Live', { exact: true }).waitFor();
    const job = await queue.getJob('seen-live');
    await job.log('a line that came later');
    await page.getByText('a line that came later').waitFor();
    await job.changePriority({ priority: 5 });
    await page.locator('.facts .state-prioritized').waitFor();

    await page.goto('/');
    await page.getByText('Live', { exact: true }).waitFor();
    await queue.add('seen', {}, { delay: 3_600_000 });
    await page.locator('article', { hasText: input.queue }).getByRole('link', { name: '1 delayed' }).waitFor();
    return { focus, complaints: page.complaints };
  } finally {
    await queue.close();
  }
});
