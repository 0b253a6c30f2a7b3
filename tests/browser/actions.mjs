// Performs every action on queues and jobs with the pages' own buttons.
//
//   {base, chromium, pictures?, idle, busy, failed, running, script: bool, size}
// idle: an empty queue without workers; busy: a queue with a worker, with the failed job `failed` and the job
// `running` that waits to be cancelled
//   → {said: {…}, complaints: [], axe: []}

import { axe, picture, script } from './browser.mjs';

await script(async (input, open) => {
  const page = await open({ script: input.script, size: input.size });
  const said = {};
  const found = [];
  const idle = `/queues/${input.idle}`;
  const notice = () => page.locator('.notice').innerText();
  const press = (name) => page.getByRole('button', { name, exact: true }).click();
  const follow = (name) => page.getByRole('link', { name, exact: true }).click();
  const look = async (name) => {
    found.push(...(input.script ? await axe(page) : []));
    await picture(page, input, `action-${name}-${input.size}`);
  };

  await page.goto(idle);
  await press('Pause');
  said.paused = await notice();
  await look('paused');
  await press('Resume');
  said.resumed = await notice();

  // A job with every option. Its data is invalid JSON at first.
  await follow('Add a job');
  await page.getByLabel('Name').fill('echo');
  await page.getByLabel('Data').fill('{"a": ');
  await page.getByLabel('Delay').fill('1h');
  await page.getByLabel('Attempts').fill('4');
  await page.getByLabel('Id').fill('one/1');
  await press('Add the job');
  said.wrong = await page.locator('#data-wrong').innerText();
  await look('wrong-json');
  await page.getByLabel('Data').fill('{"a": 1, "apiKey": "hunter2"}');
  await press('Add the job');
  said.added = await notice();
  said.job = await page.locator('h1').innerText();
  said.data = await page.locator('section', { has: page.locator('#data') }).locator('pre').innerText();
  await look('added');

  await page.getByLabel('Delay').fill('2h');
  await page.locator('form', { has: page.locator('#delay') }).getByRole('button').click();
  said.delay = await notice();
  await press('Run now');
  said.promoted = await notice();
  await page.getByLabel('Priority').fill('7');
  await page.locator('form', { has: page.locator('#priority') }).getByRole('button').click();
  said.priority = await notice();
  said.state = await page.locator('.facts .state').innerText();
  await follow('Remove');
  await look('remove');
  await follow('Back');
  await follow('Remove');
  await press('Remove it');
  said.removed = await notice();

  for (const id of ['two', 'three']) {
    await page.goto(`${idle}/add`);
    await page.getByLabel('Name').fill('echo');
    await page.getByLabel('Id').fill(id);
    await press('Add the job');
  }
  await page.goto(idle);
  await follow('Clean');
  await page.getByLabel('State').selectOption('waiting');
  await page.getByLabel('In it for longer than').fill('0s');
  await page.getByLabel('At most so many jobs').fill('1');
  await look('clean');
  await press('Remove them');
  said.cleaned = await notice();
  await follow('Drain');
  await look('drain');
  await press('Remove them');
  said.drained = await notice();
  said.empty = await page.locator('.empty').innerText();

  const busy = `/queues/${input.busy}`;
  await page.goto(`${busy}/jobs/${input.failed}`);
  await press('Retry');
  said.retried = await notice();
  for (const end = Date.now() + 60_000; ; ) {
    await page.goto(`${busy}/jobs/${input.failed}`);
    if ((await page.locator('.facts .state').innerText()) === 'failed') break;
    if (Date.now() > end) throw new Error('the job that was retried did not fail again');
  }
  await page.goto(busy);
  await follow('Retry all failed');
  await press('Retry them');
  said.allRetried = await notice();

  await page.goto(`${busy}/jobs/${input.running}`);
  await follow('Cancel');
  await page.getByLabel('Reason').fill('by the test');
  await look('cancel');
  await press('Cancel it');
  said.cancelled = await notice();
  said.reason = await page.locator('section', { has: page.locator('#result') }).locator('pre').innerText();

  await page.goto('/schedulers');
  await page.getByRole('link', { name: 'Remove nightly' }).click();
  await press('Remove it');
  said.scheduler = await notice();
  return { said, complaints: page.complaints, axe: found };
});
